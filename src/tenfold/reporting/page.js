"use strict";
// The page works without this: it only takes the reader's language, and says which one is shown.
const languages = document.querySelectorAll("input[name=language]");
const tell = () => {
  document.documentElement.lang = document.querySelector("input[name=language]:checked").value;
};
if ((navigator.language || "").toLowerCase().startsWith("zh")) document.getElementById("zh-Hans").checked = true;
languages.forEach((button) => button.addEventListener("change", tell));
tell();
