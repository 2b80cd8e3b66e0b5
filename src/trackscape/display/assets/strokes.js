// Hits and tracks of a frame, where a view has put them: the same strokes in space and projected.
const styles = {
  correct: { colour: "correct", width: 1.1, dash: [] },
  wrong: { colour: "wrong", width: 1.7, dash: [7, 3] },
  plain: { colour: "track0", width: 1.2, dash: [] },
  bad: { colour: "wrong", width: 3, dash: [] },
  missed: { colour: "missed", width: 1.2, dash: [2, 3] },
  free: { colour: "free" },
};
const TRACK_COLOURS = 7, SHADES = 16;

const names = {
  correct: "correct tracks", wrong: "wrong tracks", plain: "tracks", bad: "wrong segments",
  missed: "true segments on no track", free: "hits without a track",
};
const kinds = () => (withTruth() ? ["correct", "wrong", "bad", "missed", "free"] : ["plain", "free"]);

function strokeColour(number, colour) {
  const way = colouring();
  if (way === "track") return colour("track" + (number % TRACK_COLOURS));
  return colour(way === "truth" ? styles[kindOf(number)].colour : "hit");
}

// Where a deposit is between the small and the large ones of the page, from 0 to 1.
function shareOf(energy) {
  const [low, high] = payload.deposits.map(Math.log);
  return Math.min(1, Math.max(0, (Math.log(Math.max(energy, 1e-9)) - low) / (high - low || 1)));
}

function shade(share, colour) {
  return colourOf(between(share, Number(colour("deposit-low")), Number(colour("deposit-high"))));
}

function drawHits(pen, at, hits, colour, name, radius) {
  if (colouring() !== "deposit") return pen.squares(hits.map((hit) => at[hit]), radius, colour(name));
  const groups = Array.from({ length: SHADES }, () => []);
  for (const hit of hits) {
    groups[Math.min(SHADES - 1, Math.floor(SHADES * shareOf(frame.energy[hit])))].push(at[hit]);
  }
  groups.forEach((points, k) => pen.squares(points, radius + 0.5, shade((k + 0.5) / SHADES, colour)));
}

function cross(pen, [[ax, ay], [bx, by]], colour) {
  const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
  for (const side of [-1, 1]) pen.stroke([[[x - 4, y - 4 * side], [x + 4, y + 4 * side]]], colour, 1.5);
}

function drawTracks(pen, at, shown, colour) {
  const groups = new Map(); // lines that look alike are one stroke
  for (const number of shown) {
    const style = styles[kindOf(number)], ink = strokeColour(number, colour), key = ink + style.dash;
    if (!groups.has(key)) groups.set(key, { ink, style, lines: [] });
    groups.get(key).lines.push(frame.tracks[number].map((hit) => at[hit]));
  }
  const order = [...groups.values()].sort((one, other) => one.style.width - other.style.width);
  for (const { ink, style, lines } of order) pen.stroke(lines, ink, style.width, style.dash);
}

function drawFrame(pen, at, colour, marked) {
  const shown = shownTracks(), on = new Set(shown);
  const hits = [...at.keys()], ends = (pairs) => pairs.map((pair) => pair.map((hit) => at[hit]));
  if (ticked("free")) {
    drawHits(pen, at, hits.filter((hit) => frame.trackOf[hit] < 0), colour, "free", 1.3);
  }
  drawTracks(pen, at, shown, colour);
  drawHits(pen, at, hits.filter((hit) => on.has(frame.trackOf[hit])), colour, "hit", 1.2);
  if (withTruth() && ticked("missed")) {
    const { colour: ink, width, dash } = styles.missed;
    pen.stroke(ends(frame.missed), colour(ink), width, dash);
  }
  if (marked !== null) drawMarked(pen, at, marked, colour);
  if (withTruth() && ticked("bad")) {
    const bad = ends(shown.flatMap((number) => frame.bad[number]));
    pen.stroke(bad, colour(styles.bad.colour), styles.bad.width);
    for (const segment of bad) cross(pen, segment, colour("missed"));
  }
}

// The hit that is pointed at, and its track.
function drawMarked(pen, at, hit, colour) {
  const number = frame.trackOf[hit];
  if (number >= 0) {
    const points = frame.tracks[number].map((each) => at[each]);
    pen.stroke([points], colour("card"), 6);
    pen.stroke([points], colour("glow"), 2.6);
    pen.squares(points, 2.4, colour("glow"));
  }
  pen.disc(at[hit], 6, null, colour("card"), 5);
  pen.disc(at[hit], 6, null, colour("glow"), 2);
}

function distance(px, py, from, to) {
  const ax = to[0] - from[0], ay = to[1] - from[1];
  const along = ((px - from[0]) * ax + (py - from[1]) * ay) / (ax * ax + ay * ay || 1);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(px - from[0] - t * ax, py - from[1] - t * ay);
}

// The hit at a place; if there is none, the nearer end of a segment of a track that is there.
function hitAt(at, px, py, reach) {
  const on = new Set(shownTracks());
  const free = ticked("free");
  let best = null, least = reach;
  const away = (hit) => Math.hypot(at[hit][0] - px, at[hit][1] - py);
  const nearer = (hit, far) => { if (far < least) [best, least] = [hit, far]; };
  frame.trackOf.forEach((number, hit) => {
    if (number < 0 ? free : on.has(number)) nearer(hit, away(hit));
  });
  if (best !== null) return best;
  for (const number of on) {
    for (const [from, to] of segmentsOf(frame.tracks[number])) {
      nearer(away(from) < away(to) ? from : to, distance(px, py, at[from], at[to]));
    }
  }
  return best;
}
