// The view in space: the beam runs along its first axis, which is drawn shorter than it is.
const middle = payload.limits.map(([low, high]) => (low + high) / 2);
const half = payload.limits.map(([low, high]) => (high - low) / 2);
const wide = Math.max(half[0], half[1]);
const place = (x, y, z) => [1.9 * (z - middle[2]) / half[2], (x - middle[0]) / wide, (y - middle[1]) / wide];
const LABELLED = 10, APART = 50; // every so many planes are named, if so many pixels apart

function spacePane() {
  const canvas = root.querySelector("[data-pane=space]");
  const camera = openCamera(canvas, {
    start: { yaw: 0.45, pitch: 0.25 }, tilt: [-1.57, 1.57], zoom: [0.3, 60], lens: 12,
    size: (width, height) => Array(2).fill(Math.min((width - 60) / 5.2, height / 3.5)),
  });
  let at = []; // where the hits are on the canvas

  function draw(pen, colour, project, marked) {
    const [x, y, z] = frame.position;
    at = Array.from(x, (_, hit) => project(place(x[hit], y[hit], z[hit])));
    if (ticked("planes")) drawPlanes(pen, colour, project);
    drawBox(pen, colour, project);
    drawFrame(pen, at, colour, marked);
  }

  return {
    canvas, camera, draw,
    find: (px, py, reach) => hitAt(at, px, py, reach),
    locate: (hit) => at[hit],
  };
}

function drawPlanes(pen, colour, project) {
  const [[left, right], [low, high]] = payload.limits;
  let last = [-Infinity, 0];
  for (const [number, z] of payload.layers) {
    const corners = [[left, low], [right, low], [right, high], [left, high]]
      .map(([x, y]) => project(place(x, y, z)));
    pen.stroke([[...corners, corners[0]]], colour("plane"), 1);
    const spot = upper(corners);
    if (number % LABELLED === 0 && Math.hypot(spot[0] - last[0], spot[1] - last[1]) > APART) {
      pen.write(`layer ${number}`, spot, colour("text"), "center", 11);
      last = spot;
    }
  }
}

function upper(corners) {
  const [x, y] = corners.reduce((best, corner) => (corner[1] < best[1] ? corner : best));
  return [x, y - 9];
}

function drawBox(pen, colour, project) {
  const corner = (code) => place(...[0, 1, 2].map((axis) => payload.limits[axis][(code >> axis) & 1]));
  const corners = [...Array(8).keys()].map((code) => project(corner(code)));
  const edges = [1, 2, 4].flatMap((axis) => [...corners.keys()].filter((code) => !(code & axis))
    .map((code) => [corners[code], corners[code | axis]]));
  pen.stroke(edges, colour("edge"), 1);
  const centre = project([0, 0, 0]);
  // One edge for each axis, by the corner where it begins: x at the far end, y and z at the near.
  [["x", 0, 4], ["y", 1, 0], ["z, along the beam", 2, 0]].forEach(([name, axis, base]) => {
    const [from, to] = [corners[base], corners[base | (1 << axis)]];
    const [low, high] = payload.limits[axis].map((edge) => minus(edge.toFixed(0)));
    [[0.06, low], [0.5, name + " / mm"], [0.94, high]].forEach(([share, text]) => {
      const spot = [0, 1].map((k) => from[k] + share * (to[k] - from[k]));
      const away = Math.hypot(spot[0] - centre[0], spot[1] - centre[1]) || 1;
      pen.write(text, spot.map((here, k) => here + 18 * (here - centre[k]) / away), colour("text"));
    });
  });
}
