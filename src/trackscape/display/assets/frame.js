// Draws the hits and tracks of one frame in three dimensions.
const [x, y, z] = payload.position;
const { tracks, layer, event } = payload;
const muted = ["#88ccee", "#44aa99", "#999933", "#ddcc77", "#cc6677", "#aa4499", "#6699cc", "#5aae61"];

const events = tracks.map((hits) => (event ? [...new Set(hits.map((hit) => event[hit]))] : []));
const kind = events.map((all) => (event ? (all.length === 1 ? "correct" : "wrong") : "plain"));
const trackOf = new Int32Array(x.length).fill(-1);
tracks.forEach((hits, number) => hits.forEach((hit) => { trackOf[hit] = number; }));

// The beam runs along the first axis of the view and is drawn shorter than it is.
const middle = payload.limits.map(([low, high]) => (low + high) / 2);
const half = payload.limits.map(([low, high]) => (high - low) / 2);
const across = Math.max(half[0], half[1]);
const place = (px, py, pz) =>
  [1.9 * (pz - middle[2]) / half[2], (px - middle[0]) / across, (py - middle[1]) / across];
const points = x.map((_, hit) => place(x[hit], y[hit], z[hit]));
let at = points; // where the hits are on the canvas

const { pen, project, stroke, write } = openCamera({
  start: { yaw: 0.45, pitch: 0.25 }, tilt: [-1.57, 1.57], zoom: [0.3, 60], lens: 12,
  size: (width, height) => Math.min(width / 5.6, height / 3.2),
  draw, find: trackAt, describe,
});

function visible(number) {
  return ticked(kind[number]);
}

function drawSegments(segments, ...style) {
  stroke(segments.map(([from, to]) => [at[from], at[to]]), ...style);
}

function drawHits(hits, colour, radius) {
  pen.fillStyle = colour;
  for (const hit of hits) pen.fillRect(at[hit][0] - radius, at[hit][1] - radius, 2 * radius, 2 * radius);
}

function segmentsOf(number) {
  return tracks[number].slice(1).map((hit, k) => [tracks[number][k], hit]);
}

function drawBox(colour) {
  const corner = (code) => place(...[0, 1, 2].map((axis) => payload.limits[axis][(code >> axis) & 1]));
  const corners = [...Array(8).keys()].map((code) => project(corner(code)));
  const edges = [1, 2, 4].flatMap((axis) => [...corners.keys()].filter((code) => !(code & axis))
    .map((code) => [corners[code], corners[code | axis]]));
  stroke(edges, colour("edge"), 1);
  const centre = project([0, 0, 0]);
  // One edge for each axis, by the corner where it begins: x at the far end, y and z at the near.
  [["x", 0, 4], ["y", 1, 0], ["z", 2, 0]].forEach(([name, axis, base]) => {
    const [from, to] = [corners[base], corners[base | (1 << axis)]];
    const [low, high] = payload.limits[axis].map((edge) => edge.toFixed(0));
    [[0.06, low], [0.5, name + " / mm"], [0.94, high]].forEach(([share, text]) => {
      const spot = [0, 1].map((k) => from[k] + share * (to[k] - from[k]));
      const away = Math.hypot(spot[0] - centre[0], spot[1] - centre[1]) || 1;
      write(text, spot.map((here, k) => here + 18 * (here - centre[k]) / away), colour("text"));
    });
  });
}

function draw(colour, marked) {
  at = points.map(project);
  const shown = tracks.map((_, number) => visible(number));
  const hits = [...trackOf.keys()], all = [...tracks.keys()].filter((number) => shown[number]);
  const pick = (which) => all.filter((number) => kind[number] === which).flatMap(segmentsOf);

  drawBox(colour);
  if (ticked("free")) drawHits(hits.filter((hit) => trackOf[hit] < 0), colour("free"), 1.4);
  drawSegments(pick("correct"), colour("correct"), 1);
  if (!event) all.forEach((number) => drawSegments(segmentsOf(number), muted[number % muted.length], 1.2));
  drawHits(hits.filter((hit) => shown[trackOf[hit]]), colour("hit"), 1.1);
  const wrong = pick("wrong");
  drawSegments(wrong, colour("wrong"), 1.5);
  if (event && ticked("missed")) drawSegments(payload.missed, colour("missed"), 1, [4, 3]);
  if (event && ticked("bad")) {
    drawSegments(wrong.filter(([from, to]) => event[from] !== event[to]), colour("bad"), 3.5);
  }
  if (marked !== null && shown[marked]) {
    drawSegments(segmentsOf(marked), colour("glow"), 2.5);
    drawHits(tracks[marked], colour("glow"), 2.2);
  }
}

function distance(px, py, from, to) {
  const ax = at[to][0] - at[from][0], ay = at[to][1] - at[from][1];
  const along = ((px - at[from][0]) * ax + (py - at[from][1]) * ay) / (ax * ax + ay * ay || 1);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(px - at[from][0] - t * ax, py - at[from][1] - t * ay);
}

function trackAt(px, py) {
  let best = null, least = 8;
  tracks.forEach((hits, number) => {
    if (!visible(number)) return;
    hits.forEach((hit, k) => {
      const away = distance(px, py, hits[Math.max(0, k - 1)], hit);
      if (away < least) [best, least] = [number, away];
    });
  });
  return best;
}

function describe(number) {
  const hits = tracks[number];
  const lines = [`Track ${number}: ${hits.length} hits`, `deepest layer ${layer[hits[hits.length - 1]]}`];
  if (event) {
    const some = events[number].slice(0, 8).join(", ") + (events[number].length > 8 ? ", …" : "");
    lines.push(`${events[number].length === 1 ? "event" : "events"} ${some}: ${kind[number]}`);
  }
  return lines.join("\n");
}
