// Pointer, fingers, wheel and keys over a canvas -> its camera.
//
// changed(): the view is another one. point(x, y, reach): the pointer is there; leave(): it is gone.
// pick(x, y, reach): there it was pressed and lifted again. reach: pixels that count as "at".
const MOUSE = 9, FINGER = 18, STILL = 5, ARROW = 12;
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function listen(canvas, camera, { changed, point, leave, pick }) {
  const fingers = new Map();
  let pressed = null; // where, until the pointer moves or a second finger comes
  const reachOf = (event) => (event.pointerType === "mouse" ? MOUSE : FINGER);
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, size: Math.hypot(a[0] - b[0], a[1] - b[1]) || 1 };
  };

  canvas.addEventListener("pointerdown", (press) => {
    canvas.setPointerCapture(press.pointerId);
    fingers.set(press.pointerId, [press.offsetX, press.offsetY]);
    pressed = fingers.size === 1 ? [press.offsetX, press.offsetY] : null;
  });

  canvas.addEventListener("pointermove", (move) => {
    const here = [move.offsetX, move.offsetY], last = fingers.get(move.pointerId);
    if (!last) return point(...here, reachOf(move));
    if (pressed && Math.hypot(here[0] - pressed[0], here[1] - pressed[1]) < STILL) return;
    pressed = null;
    leave();
    const before = fingers.size === 2 ? spread() : null;
    fingers.set(move.pointerId, here);
    if (before) {
      const after = spread();
      camera.move(after.x - before.x, after.y - before.y);
      camera.magnify(after.size / before.size, after.x, after.y);
    } else {
      camera[move.shiftKey ? "move" : "drag"](here[0] - last[0], here[1] - last[1]);
    }
    changed();
  });

  canvas.addEventListener("pointerup", (lift) => {
    fingers.delete(lift.pointerId);
    if (pressed) pick(...pressed, reachOf(lift));
    pressed = null;
  });
  canvas.addEventListener("pointercancel", (lift) => {
    fingers.delete(lift.pointerId);
    pressed = null;
  });
  canvas.addEventListener("pointerleave", leave);

  canvas.addEventListener("wheel", (turn) => {
    turn.preventDefault();
    // Some wheels count lines and some pixels, and some a whole page at once.
    const way = turn.deltaY * (turn.deltaMode === 0 ? 1 : 30);
    camera.magnify(Math.exp(-0.0015 * Math.min(100, Math.max(-100, way))), turn.offsetX, turn.offsetY);
    changed();
  }, { passive: false });

  canvas.addEventListener("keydown", (press) => {
    if (press.ctrlKey || press.metaKey || press.altKey) return;
    const way = arrows[press.key], factor = { "+": 1.2, "=": 1.2, "-": 1 / 1.2, "_": 1 / 1.2 }[press.key];
    if (!way && !factor) return;
    press.preventDefault();
    if (way) camera[press.shiftKey ? "move" : "drag"](ARROW * way[0], ARROW * way[1]);
    else camera.magnify(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);
    changed();
  });
}
