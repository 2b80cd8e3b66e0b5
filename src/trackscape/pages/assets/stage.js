// The panes of a viewer: drawn when something has changed, what the pointer is at is marked in all
// of them and described, and pictures of what is seen are saved.
//
// panes: of each its canvas, its camera, draw(pen, colour, project, marked), find(x, y, reach),
// which returns what is there or null, and locate(marked), where that is. describe(marked): words
// on it. caption(): the line above a saved picture. legend(): its entries, [words, drawn(pen, x, y)].
function openStage({ panes, describe, caption, legend = () => [] }) {
  const stage = root.querySelector(".stage"), note = stage.querySelector("output");
  let marked = null, marker = null, held = false, waiting = false;

  function palette() {
    const style = getComputedStyle(root);
    return (name) => style.getPropertyValue("--" + name).trim();
  }

  function redraw() {
    if (!waiting) requestAnimationFrame(() => {
      waiting = false;
      const ratio = window.devicePixelRatio || 1, colour = palette();
      for (const { canvas, camera, draw } of panes) {
        canvas.width = Math.round(canvas.clientWidth * ratio);
        canvas.height = Math.round(canvas.clientHeight * ratio);
        const context = canvas.getContext("2d");
        context.scale(ratio, ratio);
        draw(canvasPen(context), colour, camera.projection(), marked);
      }
      placeNote();
    });
    waiting = true;
  }

  function placeNote() {
    const at = marked === null ? null : marker.locate(marked);
    note.hidden = !at;
    if (!at) return;
    const { canvas } = marker;
    const [x, y] = [canvas.offsetLeft + at[0], canvas.offsetTop + at[1]];
    const beside = x + 16 + note.offsetWidth < stage.clientWidth ? x + 16 : x - 16 - note.offsetWidth;
    const below = y + 14 + note.offsetHeight < stage.clientHeight ? y + 14 : y - 14 - note.offsetHeight;
    const right = Math.max(0, stage.clientWidth - note.offsetWidth);
    note.style.transform =
      `translate(${Math.min(right, Math.max(0, beside))}px, ${Math.max(0, below)}px)`;
  }

  function mark(pane, what) {
    if (what === null && marked === null) return;
    [marker, marked] = [pane, what];
    if (what !== null) note.textContent = describe(what);
    redraw();
  }

  function letGo() {
    const was = held;
    held = false;
    mark(null, null);
    return was;
  }

  for (const pane of panes) {
    listen(pane.canvas, pane.camera, {
      changed: redraw,
      point: (...place) => held || mark(pane, pane.find(...place)),
      leave: () => held || mark(null, null),
      pick: (...place) => {
        mark(pane, pane.find(...place));
        held = marked !== null;
      },
    });
    new ResizeObserver(redraw).observe(pane.canvas);
  }

  root.addEventListener("keydown", (press) => {
    if (press.key === "Escape" && !letGo()) document.activeElement.blur();
  });
  root.querySelector(".switches").addEventListener("change", redraw);
  root.querySelector("[data-do=reset]").addEventListener("click", () => {
    panes.forEach(({ camera }) => camera.reset());
    redraw();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  savePictures({ stage, panes, palette, caption, legend, marked: () => marked });
  return { redraw, letGo };
}
