// The camera of one canvas: where a point in space is on it.
//
// start: yaw and pitch of the first view. tilt, zoom: least and most pitch, and magnification.
// lens: distance of the eye; without one, the view is flat: it is moved and never turned.
// size(width, height): pixels of a unit, to the right and up. shift: of the middle, in pixels.
function openCamera(canvas, { start = { yaw: 0, pitch: 0 }, tilt, zoom, lens = null, size, shift = [0, 0] }) {
  const view = {};
  const reset = () => Object.assign(view, { zoom: 1, dx: 0, dy: 0 }, start);

  const middle = () => [
    canvas.clientWidth / 2 + shift[0] + view.dx, canvas.clientHeight / 2 + shift[1] + view.dy,
  ];
  const scales = () => size(canvas.clientWidth, canvas.clientHeight).map((each) => view.zoom * each);

  // What takes a point (right, deep, up) to its place on the canvas, and how far it is behind the
  // middle; as the view is now.
  function projection() {
    const sinYaw = Math.sin(view.yaw), cosYaw = Math.cos(view.yaw);
    const sinPitch = Math.sin(view.pitch), cosPitch = Math.cos(view.pitch);
    const [x, y] = middle(), [across, along] = scales();
    return ([a, b, up]) => {
      const right = a * cosYaw + b * sinYaw, deep = b * cosYaw - a * sinYaw;
      const high = up * cosPitch + deep * sinPitch, far = deep * cosPitch - up * sinPitch;
      const near = lens ? lens / Math.max(1, lens + far) : 1;
      return [x + across * near * right, y - along * near * high, far];
    };
  }

  // Of a flat view: what is at a place on the canvas, to the right and up.
  function unproject(px, py) {
    const [x, y] = middle(), [across, along] = scales();
    return [(px - x) / across, (y - py) / along];
  }

  function move(dx, dy) {
    view.dx += dx;
    view.dy += dy;
  }

  function turn(dx, dy) {
    view.yaw -= 0.008 * dx;
    view.pitch = Math.min(tilt[1], Math.max(tilt[0], view.pitch + 0.008 * dy));
  }

  function magnify(factor, px, py) {
    const scale = Math.min(zoom[1], Math.max(zoom[0], view.zoom * factor)) / view.zoom;
    const cx = px - canvas.clientWidth / 2 - shift[0], cy = py - canvas.clientHeight / 2 - shift[1];
    view.dx = cx + (view.dx - cx) * scale;
    view.dy = cy + (view.dy - cy) * scale;
    view.zoom *= scale;
  }

  reset();
  return { projection, unproject, reset, move, magnify, drag: lens ? turn : move };
}
