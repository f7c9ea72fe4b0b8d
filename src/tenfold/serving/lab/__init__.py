"""The lab of ``tenfold serve --lab``: train from the page and watch, mend the data, try what came out.

=============  ==============================================================================================
``lab``        what the parts below share, and how it all begins and ends
``child``      one process at a time
``trainings``  each a child process: started, watched, stopped, gone on with
``mending``    suspects of a data set, what is decided about them, and the copy that follows
``decisions``  the log of what is decided; undoing adds to it
``events``     all that happens, told live and from the start
``data``       data sets by name
``routes``     the paths, for who bears the token
=============  ==============================================================================================

In its folder are ``trainings/``, a run each, ``mending/``, suspects and decisions, and ``copies/``.
A client names these and never a path.
"""

from tenfold.serving.lab.lab import Lab, LabOptions
from tenfold.serving.lab.routes import lab_routes

__all__ = ["Lab", "LabOptions", "lab_routes"]
