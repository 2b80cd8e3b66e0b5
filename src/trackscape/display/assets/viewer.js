// Draws one frame in three dimensions on the canvas of the figure that this script is part of.
(() => {
  "use strict";
  const root = document.currentScript.closest(".viewer");
  const canvas = root.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const note = root.querySelector("output");
  const frame = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const [x, y, z] = frame.position;
  const { tracks, layer, event } = frame;
  const muted = ["#88ccee", "#44aa99", "#999933", "#ddcc77", "#cc6677", "#aa4499", "#6699cc", "#5aae61"];

  const events = tracks.map((hits) => (event ? [...new Set(hits.map((hit) => event[hit]))] : []));
  const kind = events.map((all) => (event ? (all.length === 1 ? "correct" : "wrong") : "plain"));
  const trackOf = new Int32Array(x.length).fill(-1);
  tracks.forEach((hits, number) => hits.forEach((hit) => { trackOf[hit] = number; }));

  // The beam runs along the first axis of the view and is drawn shorter than it is.
  const middle = frame.limits.map(([low, high]) => (low + high) / 2);
  const half = frame.limits.map(([low, high]) => (high - low) / 2);
  const across = Math.max(half[0], half[1]);
  const place = (px, py, pz) =>
    [1.9 * (pz - middle[2]) / half[2], (px - middle[0]) / across, (py - middle[1]) / across];
  const points = x.map((_, hit) => place(x[hit], y[hit], z[hit]));
  const left = new Float64Array(x.length), top = new Float64Array(x.length);

  const start = { yaw: 0.45, pitch: 0.25, zoom: 1, dx: 0, dy: 0 };
  let view = { ...start };
  let marked = -1;
  let waiting = false;

  function project([along, side, up]) {
    const sin = Math.sin(view.yaw), cos = Math.cos(view.yaw);
    const right = along * cos + side * sin, deep = side * cos - along * sin;
    const high = up * Math.cos(view.pitch) + deep * Math.sin(view.pitch);
    const far = deep * Math.cos(view.pitch) - up * Math.sin(view.pitch);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const scale = view.zoom * Math.min(width / 5.6, height / 3.2) * 12 / Math.max(1, 12 + far);
    return [width / 2 + view.dx + scale * right, height / 2 + view.dy - scale * high];
  }

  const ticked = (what) => root.querySelector(`[data-show=${what}]`).checked;
  const visible = (number) => ticked(kind[number]);
  const colours = () => {
    const style = getComputedStyle(root);
    return (name) => style.getPropertyValue("--" + name).trim();
  };

  function stroke(segments, colour, width, dash = []) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    for (const [from, to] of segments) {
      pen.moveTo(left[from], top[from]);
      pen.lineTo(left[to], top[to]);
    }
    pen.stroke();
  }

  function dots(hits, colour, radius) {
    pen.fillStyle = colour;
    for (const hit of hits) pen.fillRect(left[hit] - radius, top[hit] - radius, 2 * radius, 2 * radius);
  }

  const segmentsOf = (number) => tracks[number].slice(1).map((hit, k) => [tracks[number][k], hit]);

  function drawBox(colour) {
    const corner = (code) => place(...[0, 1, 2].map((axis) => frame.limits[axis][(code >> axis) & 1]));
    const at = [...Array(8).keys()].map((code) => project(corner(code)));
    pen.strokeStyle = colour("edge");
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.beginPath();
    for (let code = 0; code < 8; code++) {
      for (const axis of [1, 2, 4]) {
        if (code & axis) continue;
        pen.moveTo(...at[code]);
        pen.lineTo(...at[code | axis]);
      }
    }
    pen.stroke();
    pen.fillStyle = colour("text");
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const centre = project([0, 0, 0]);
    // One edge for each axis, by the corner where it begins: x at the far end, y and z at the near.
    [["x", 0, 4], ["y", 1, 0], ["z", 2, 0]].forEach(([name, axis, base]) => {
      const [from, to] = [at[base], at[base | (1 << axis)]];
      const [low, high] = frame.limits[axis].map((edge) => edge.toFixed(0));
      [[0.06, low], [0.5, name + " / mm"], [0.94, high]].forEach(([share, text]) => {
        const spot = from.map((start, k) => start + share * (to[k] - start));
        const away = Math.hypot(spot[0] - centre[0], spot[1] - centre[1]) || 1;
        pen.fillText(text, ...spot.map((here, k) => here + 18 * (here - centre[k]) / away));
      });
    });
  }

  function draw() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    pen.scale(ratio, ratio);
    points.forEach((point, hit) => { [left[hit], top[hit]] = project(point); });
    const colour = colours(), shown = tracks.map((_, number) => visible(number));
    const hits = [...trackOf.keys()], all = [...tracks.keys()].filter((number) => shown[number]);
    const pick = (which) => all.filter((number) => kind[number] === which).flatMap(segmentsOf);

    drawBox(colour);
    if (ticked("free")) dots(hits.filter((hit) => trackOf[hit] < 0), colour("free"), 1.4);
    stroke(pick("correct"), colour("correct"), 1);
    if (!event) all.forEach((number) => stroke(segmentsOf(number), muted[number % muted.length], 1.2));
    dots(hits.filter((hit) => shown[trackOf[hit]]), colour("hit"), 1.1);
    const wrong = pick("wrong");
    stroke(wrong, colour("wrong"), 1.5);
    if (event && ticked("missed")) stroke(frame.missed, colour("missed"), 1, [4, 3]);
    if (event && ticked("bad")) {
      stroke(wrong.filter(([from, to]) => event[from] !== event[to]), colour("bad"), 3.5);
    }
    if (marked >= 0 && shown[marked]) {
      stroke(segmentsOf(marked), colour("glow"), 2.5);
      dots(tracks[marked], colour("glow"), 2.2);
    }
  }

  function redraw() {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  function distance(px, py, from, to) {
    const ax = left[to] - left[from], ay = top[to] - top[from];
    const along = ((px - left[from]) * ax + (py - top[from]) * ay) / (ax * ax + ay * ay || 1);
    const t = Math.min(1, Math.max(0, along));
    return Math.hypot(px - left[from] - t * ax, py - top[from] - t * ay);
  }

  function trackAt(px, py) {
    let best = -1, least = 8;
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

  function point(px, py) {
    marked = trackAt(px, py);
    note.hidden = marked < 0;
    if (marked >= 0) {
      note.textContent = describe(marked);
      const room = canvas.clientWidth - note.offsetWidth - 4;
      note.style.transform = `translate(${Math.max(0, Math.min(px + 14, room))}px, ${py + 14}px)`;
    }
    redraw();
  }

  function zoom(factor, px, py) {
    const scale = Math.min(60, Math.max(0.3, view.zoom * factor)) / view.zoom;
    const cx = px - canvas.clientWidth / 2, cy = py - canvas.clientHeight / 2;
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
      zoom(after.size / before.size, after.x, after.y);
    } else if (move.shiftKey) {
      view.dx += dx;
      view.dy += dy;
    } else {
      view.yaw -= 0.008 * dx;
      view.pitch = Math.min(1.57, Math.max(-1.57, view.pitch + 0.008 * dy));
    }
    note.hidden = true;
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (lift) => fingers.delete(lift.pointerId));
  }
  canvas.addEventListener("pointerleave", (leave) => {
    if (leave.pointerType !== "mouse") return; // what a finger tapped stays marked
    marked = -1;
    note.hidden = true;
    redraw();
  });
  canvas.addEventListener("wheel", (turn) => {
    turn.preventDefault();
    zoom(Math.exp(-0.0015 * turn.deltaY), turn.offsetX, turn.offsetY);
  }, { passive: false });
  root.querySelector(".switches").addEventListener("change", redraw);
  root.querySelector("button").addEventListener("click", () => { view = { ...start }; redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(canvas);
})();
