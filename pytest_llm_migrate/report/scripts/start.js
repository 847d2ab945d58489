// Every migration's rows are read one after the other; keys move through those in sight.

const viewers = [...document.querySelectorAll(".rows[data-migration]")].map((section) => new Viewer(section));

function inSight() {
  const middle = innerHeight / 2;
  const far = (viewer) => {
    const { top, bottom } = viewer.section.getBoundingClientRect();
    return top > middle ? top - middle : bottom < middle ? middle - bottom : 0;
  };
  return viewers.filter((viewer) => "ready" in viewer.section.dataset).sort((a, b) => far(a) - far(b))[0];
}

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input:not([type=radio], [type=checkbox]), select, textarea, .list, dialog[open]");
  const viewer = inSight();
  if (isTyping || !viewer || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "k") viewer.step(event.key === "j" ? 1 : -1);
  else if (event.key === "/") viewer.search.focus();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else return;
  event.preventDefault();
});
addEventListener("hashchange", () => viewers.forEach((viewer) => viewer.follow()));

(async () => {
  for (const viewer of viewers) {
    try {
      await viewer.load();
    } catch (error) {
      viewer.find(".failed").hidden = false;
      console.error(error);
    }
  }
})();
