// The camera of a viewer: dragging turns what is drawn on its canvas, dragging with shift or with
// two fingers moves it, wheel and pinch zoom. What the pointer is at is marked and described.
//
// start: yaw and pitch of the first view. tilt, zoom: least and most pitch, and magnification.
// lens: distance of the eye. size(width, height): pixels of a unit. shift: pixels to the right.
// draw(colour, marked): draws all; colour(name) is that of the style. find(x, y): what is there, or
// null. describe(marked): words on it.
function openCamera({ start, tilt, zoom, lens, size, shift = 0, draw, find, describe }) {
  const canvas = root.querySelector("canvas"), note = root.querySelector("output");
  const pen = canvas.getContext("2d");
  const view = {};
  const reset = () => Object.assign(view, { zoom: 1, dx: 0, dy: 0 }, start);
  let marked = null, waiting = false;

  // Where a point in space (right, deep, up) is on the canvas, and how far behind the middle.
  function project([a, b, up]) {
    const sin = Math.sin(view.yaw), cos = Math.cos(view.yaw);
    const right = a * cos + b * sin, deep = b * cos - a * sin;
    const high = up * Math.cos(view.pitch) + deep * Math.sin(view.pitch);
    const far = deep * Math.cos(view.pitch) - up * Math.sin(view.pitch);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const scale = view.zoom * size(width, height) * lens / Math.max(1, lens + far);
    return [width / 2 + shift + view.dx + scale * right, height / 2 + view.dy - scale * high, far];
  }

  function stroke(lines, colour, width, dash = [], fill = null) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    for (const line of lines) line.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](x, y));
    if (fill) {
      pen.fillStyle = fill;
      pen.fill();
    }
    pen.stroke();
  }

  function write(text, [x, y], colour, align = "center") {
    pen.fillStyle = colour;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.fillText(text, x, y);
  }

  function redraw() {
    if (!waiting) requestAnimationFrame(() => {
      waiting = false;
      const ratio = window.devicePixelRatio || 1, style = getComputedStyle(root);
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
      pen.scale(ratio, ratio);
      draw((name) => style.getPropertyValue("--" + name).trim(), marked);
    });
    waiting = true;
  }

  function point(x, y) {
    marked = find(x, y);
    note.hidden = marked === null;
    if (marked !== null) {
      note.textContent = describe(marked);
      const room = canvas.clientWidth - note.offsetWidth - 4;
      note.style.transform = `translate(${Math.max(0, Math.min(x + 14, room))}px, ${y + 14}px)`;
    }
    redraw();
  }

  function leave() {
    marked = null;
    note.hidden = true;
    redraw();
  }

  function magnify(factor, x, y) {
    const scale = Math.min(zoom[1], Math.max(zoom[0], view.zoom * factor)) / view.zoom;
    const cx = x - canvas.clientWidth / 2, cy = y - canvas.clientHeight / 2;
    view.dx = cx + (view.dx - cx) * scale;
    view.dy = cy + (view.dy - cy) * scale;
    view.zoom *= scale;
    redraw();
  }

  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, size: Math.hypot(a[0] - b[0], a[1] - b[1]) || 1 };
  };

  canvas.addEventListener("pointerdown", (press) => {
    canvas.setPointerCapture(press.pointerId);
    fingers.set(press.pointerId, [press.offsetX, press.offsetY]);
    point(press.offsetX, press.offsetY);
  });
  canvas.addEventListener("pointermove", (move) => {
    const here = [move.offsetX, move.offsetY], last = fingers.get(move.pointerId);
    if (!last) return point(...here);
    const before = fingers.size === 2 ? spread() : null;
    fingers.set(move.pointerId, here);
    const dx = here[0] - last[0], dy = here[1] - last[1];
    if (before) {
      const after = spread();
      view.dx += after.x - before.x;
      view.dy += after.y - before.y;
      magnify(after.size / before.size, after.x, after.y);
    } else if (move.shiftKey) {
      view.dx += dx;
      view.dy += dy;
    } else {
      view.yaw -= 0.008 * dx;
      view.pitch = Math.min(tilt[1], Math.max(tilt[0], view.pitch + 0.008 * dy));
    }
    note.hidden = true;
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (lift) => fingers.delete(lift.pointerId));
  }
  canvas.addEventListener("pointerleave", (away) => {
    if (away.pointerType === "mouse") leave(); // what a finger tapped stays marked
  });
  canvas.addEventListener("wheel", (turn) => {
    turn.preventDefault();
    magnify(Math.exp(-0.0015 * turn.deltaY), turn.offsetX, turn.offsetY);
  }, { passive: false });
  root.querySelector(".switches").addEventListener("change", redraw);
  root.querySelector("button").addEventListener("click", () => { reset(); redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(canvas);
  reset();
  return { pen, project, stroke, write, leave };
}
