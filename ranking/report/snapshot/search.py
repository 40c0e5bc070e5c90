"""The one script of a snapshot's page: it filters the list of nodes, and opens the one a link leads to.

Without it the list works as it is. The page's policy allows these very bytes and no others.
"""

SCRIPT = """
for (const box of document.querySelectorAll(".find")) {
  const input = box.querySelector("input"), told = box.querySelector("output");
  const entries = [...document.getElementById(input.dataset.list).children];
  const words = entries.map((entry) => entry.firstElementChild.textContent.toLowerCase());
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    entries.forEach((entry, i) => { entry.hidden = !words[i].includes(wanted); });
    const found = entries.filter((entry) => !entry.hidden).length;
    told.textContent = wanted ? `${found} of ${entries.length}` : "";
  };
  input.addEventListener("input", search);
  addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target || !entries.includes(target.parentElement)) return;
    input.value = "";
    search();
    target.parentElement.open = true;
    target.parentElement.scrollIntoView({block: "nearest"});
    target.previousElementSibling.focus();
  });
  box.hidden = false;
}
"""
