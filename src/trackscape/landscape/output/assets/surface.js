// Draws values over two directions as a surface, on the canvas of the figure around this script.
(() => {
  "use strict";
  const root = document.currentScript.closest(".landscape");
  const canvas = root.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const note = root.querySelector("output");
  const chooser = root.querySelector("select");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const { x, y, trajectory } = data;
  const viridis = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"]
    .map((code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16)));
  const box = (name) => root.querySelector(`[data-show=${name}]`);
  const start = { yaw: -0.65, pitch: 0.55, zoom: 1, dx: 0, dy: 0 };
  let view = { ...start };
  let shape; // what is drawn: heights and colours of the chosen value
  let marked = -1;
  let waiting = false;

  const number = (value) => (value === null ? "no number" : String(Number(value.toPrecision(4))));
  const between = (share, low, high) => low + share * (high - low);

  function colourOf(share, light = 1) {
    const at = Math.min(0.9999, Math.max(0, share)) * (viridis.length - 1), below = Math.floor(at);
    const part = viridis[below].map((one, k) => light * between(at - below, one, viridis[below + 1][k]));
    return `rgb(${part.map((one) => Math.min(255, Math.round(one))).join(",")})`;
  }

  // Heights are shares of the range of the chosen value, on the chosen scale; null is a hole.
  function choose() {
    const value = data.values[chooser.selectedIndex];
    const found = value.mean.filter((one) => one !== null);
    const least = Math.min(...found), most = Math.max(...found);
    box("log").disabled = least <= 0;
    const log = box("log").checked && least > 0;
    const scale = log ? Math.log : (one) => one;
    const back = log ? Math.exp : (one) => one;
    const low = scale(least), span = scale(most) - low || 1;
    const height = value.mean.map((one) => (one === null ? null : (scale(one) - low) / span));
    shape = { value, height, labelAt: (share) => number(back(low + share * span)) };
  }

  // The grid fills [-1, 1] x [-1, 1], heights are from -0.5 to 0.5.
  const across = (values, value) => 2 * (value - values[0]) / (values[values.length - 1] - values[0]) - 1;
  const rise = (share) => share - 0.5;

  function camera() {
    const sy = Math.sin(view.yaw), cy = Math.cos(view.yaw), sp = Math.sin(view.pitch), cp = Math.cos(view.pitch);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const size = view.zoom * Math.min((width - 110) / 2.9, height / 2.9);
    return (a, b, up) => {
      const right = a * cy - b * sy, deep = a * sy + b * cy;
      const far = deep * cp - up * sp;
      const scale = size * 9 / (9 + far);
      return [width / 2 + 20 + view.dx + scale * right, height / 2 + view.dy - scale * (up * cp + deep * sp), far];
    };
  }

  const style = () => {
    const found = getComputedStyle(root);
    return (name) => found.getPropertyValue("--" + name).trim();
  };

  function line(points, colour, width, dash = []) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    points.forEach((at, k) => (k ? pen.lineTo(at[0], at[1]) : pen.moveTo(at[0], at[1])));
    pen.stroke();
  }

  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
  const leftmost = (project) =>
    corners.reduce((best, at) => (project(...at, 0)[0] < project(...best, 0)[0] ? at : best));
  const steps = [0, 0.25, 0.5, 0.75, 1];

  // The floor, and the axis of the value at the leftmost corner.
  function drawFrame(project, colour) {
    const floor = corners.map(([a, b]) => project(a, b, -0.5)), side = leftmost(project);
    line([...floor, floor[0]], colour("edge"), 1);
    line([project(...side, -0.5), project(...side, 0.5)], colour("edge"), 1);
    for (const share of steps) {
      const at = project(...side, rise(share));
      line([at, [at[0] - 5, at[1]]], colour("edge"), 1);
    }
  }

  function drawWords(project, colour) {
    pen.fillStyle = colour("text");
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    // Of the two edges along each direction, the one nearer to the reader is labelled.
    const near = (first, second) => (first[2] < second[2] ? -1 : 1);
    const sideB = near(project(0, -1, -0.5), project(0, 1, -0.5));
    const sideA = near(project(-1, 0, -0.5), project(1, 0, -0.5));
    const word = (text, a, b) => pen.fillText(text, ...project(a, b, -0.5).slice(0, 2));
    for (const at of [-1, 0, 1]) {
      const share = (at + 1) / 2;
      word(number(between(share, x[0], x[x.length - 1])), 0.94 * at, 1.1 * sideB);
      word(number(between(share, y[0], y[y.length - 1])), 1.1 * sideA, 0.94 * at);
    }
    word(data.axes[0], 0.45, 1.22 * sideB);
    word(data.axes[1], 1.22 * sideA, 0.45);
    const side = leftmost(project), top = project(...side, 0.5);
    pen.fillText(shape.value.name, top[0], top[1] - 16);
    pen.textAlign = "right";
    for (const share of steps) {
      const at = project(...side, rise(share));
      pen.fillText(shape.labelAt(share), at[0] - 9, at[1]);
    }
  }

  // Cells with four numbers, the farthest first.
  function cells(points) {
    const found = [];
    for (let i = 0; i + 1 < x.length; i++) {
      for (let j = 0; j + 1 < y.length; j++) {
        const at = i * y.length + j, four = [at, at + y.length, at + y.length + 1, at + 1];
        if (four.some((corner) => shape.height[corner] === null)) continue;
        found.push([four.reduce((sum, corner) => sum + points[corner][2], 0), four]);
      }
    }
    return found.sort((one, other) => other[0] - one[0]);
  }

  // Slopes that face the upper left are lighter.
  function light([a, b, c, d]) {
    const h = shape.height;
    const slope = (h[b] + h[c] - h[a] - h[d]) * (x.length - 1) / 4 + (h[a] + h[b] - h[c] - h[d]) * (y.length - 1) / 4;
    return 1 + 0.22 * Math.tanh(0.8 * slope);
  }

  function drawSurface(points, colour) {
    const mesh = box("mesh").checked, uncertain = box("uncertain").checked;
    for (const [, four] of cells(points)) {
      const share = four.reduce((sum, corner) => sum + shape.height[corner], 0) / 4;
      const fill = colourOf(share, light(four));
      pen.fillStyle = fill;
      pen.setLineDash([]);
      pen.beginPath();
      four.forEach((corner, k) => pen[k ? "lineTo" : "moveTo"](points[corner][0], points[corner][1]));
      pen.closePath();
      pen.fill();
      pen.lineWidth = mesh ? 0.5 : 1; // without a mesh, this closes the seams between cells
      pen.strokeStyle = mesh ? "rgba(0,0,0,.35)" : fill;
      pen.stroke();
      const found = four.map((corner) => shape.value.significance[corner]);
      if (uncertain && found.some((one) => one !== null && one < data.sure)) {
        const [px, py] = [0, 1].map((k) => four.reduce((sum, corner) => sum + points[corner][k], 0) / 4);
        pen.fillStyle = colour("sure");
        pen.fillRect(px - 1.2, py - 1.2, 2.4, 2.4);
      }
    }
  }

  // Height of the surface between grid points; null outside and beside holes.
  function heightAt(a, b) {
    const i = x.findLastIndex((edge) => edge <= a), j = y.findLastIndex((edge) => edge <= b);
    if (i < 0 || j < 0 || a > x[x.length - 1] || b > y[y.length - 1]) return null;
    const k = Math.min(i, x.length - 2), l = Math.min(j, y.length - 2);
    const s = (a - x[k]) / (x[k + 1] - x[k]), t = (b - y[l]) / (y[l + 1] - y[l]);
    const h = [0, 1, y.length, y.length + 1].map((step) => shape.height[k * y.length + l + step]);
    return h.includes(null) ? null : between(s, between(t, h[0], h[1]), between(t, h[2], h[3]));
  }

  function drawTrajectory(project, colour) {
    const far = Math.max(...trajectory.residuals, 1e-300);
    const at = trajectory.coordinates.map(([a, b]) => {
      const height = heightAt(a, b);
      return height === null ? null : project(across(x, a), across(y, b), rise(height) + 0.012);
    });
    at.forEach((point, k) => {
      if (!k || !point || !at[k - 1]) return;
      line([at[k - 1], point], colour("glow"), 3);
      line([at[k - 1], point], colour("line"), 1.4);
    });
    at.forEach((point, k) => {
      if (!point) return;
      const fade = Math.round(between(trajectory.residuals[k] / far, 245, 40));
      pen.fillStyle = `rgb(${Math.round(between(trajectory.residuals[k] / far, 255, 190))},${fade},${fade})`;
      pen.strokeStyle = colour("line");
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(point[0], point[1], k ? 3.2 : 5, 0, 7);
      pen.fill();
      pen.stroke();
    });
    return at;
  }

  let vertices = [], stations = [];

  function draw() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    pen.scale(ratio, ratio);
    const project = camera(), colour = style();
    vertices = shape.height.map((height, at) => project(
      across(x, x[Math.floor(at / y.length)]), across(y, y[at % y.length]), rise(height ?? 0)));
    drawFrame(project, colour);
    drawSurface(vertices, colour);
    drawWords(project, colour);
    const middle = heightAt(0, 0);
    if (middle !== null) {
      const [px, py] = project(across(x, 0), across(y, 0), rise(middle));
      for (const [tone, width] of [["glow", 4], ["line", 1.6]]) {
        line([[px - 7, py], [px + 7, py]], colour(tone), width);
        line([[px, py - 7], [px, py + 7]], colour(tone), width);
      }
    }
    stations = trajectory && box("trajectory").checked ? drawTrajectory(project, colour) : [];
    if (marked >= 0) {
      pen.strokeStyle = colour("line");
      pen.fillStyle = colour("glow");
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(vertices[marked][0], vertices[marked][1], 4, 0, 7);
      pen.fill();
      pen.stroke();
    }
  }

  function redraw() {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  // What a pointer means: of all points within some pixels, the one nearest to the reader.
  function nearest(points, px, py, reach, skip) {
    let best = -1;
    points.forEach((at, k) => {
      if (!at || skip(k) || Math.hypot(at[0] - px, at[1] - py) > reach) return;
      if (best < 0 || at[2] < points[best][2]) best = k;
    });
    return best;
  }

  function describeVertex(at) {
    const value = shape.value, error = value.error[at], sigma = value.significance[at];
    const lines = [
      `${value.name}: ${number(value.mean[at])}` + (error === null ? "" : ` ± ${number(error)}`),
      `${data.axes[0]}: ${number(x[Math.floor(at / y.length)])}`,
      `${data.axes[1]}: ${number(y[at % y.length])}`,
    ];
    if (sigma !== null) lines.push(`${number(sigma)} standard errors above the minimum`);
    return lines.join("\n");
  }

  function describeStation(at) {
    return `checkpoint ${at + 1} of ${stations.length}\n` +
      `${number(trajectory.residuals[at])} from the plane, on which it is drawn`;
  }

  function point(px, py) {
    const station = nearest(stations, px, py, 7, () => false);
    marked = station < 0 ? nearest(vertices, px, py, 12, (at) => shape.height[at] === null) : -1;
    note.hidden = marked < 0 && station < 0;
    if (!note.hidden) {
      note.textContent = station < 0 ? describeVertex(marked) : describeStation(station);
      const room = canvas.clientWidth - note.offsetWidth - 4;
      note.style.transform = `translate(${Math.max(0, Math.min(px + 14, room))}px, ${py + 14}px)`;
    }
    redraw();
  }

  function leave() {
    marked = -1;
    note.hidden = true;
    redraw();
  }

  function zoom(factor, px, py) {
    const scale = Math.min(30, Math.max(0.4, view.zoom * factor)) / view.zoom;
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
      view.yaw += 0.008 * dx;
      view.pitch = Math.min(1.57, Math.max(-0.2, view.pitch + 0.008 * dy));
    }
    leave();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (lift) => fingers.delete(lift.pointerId));
  }
  canvas.addEventListener("pointerleave", (away) => {
    if (away.pointerType === "mouse") leave(); // what a finger tapped stays marked
  });
  canvas.addEventListener("wheel", (turn) => {
    turn.preventDefault();
    zoom(Math.exp(-0.0015 * turn.deltaY), turn.offsetX, turn.offsetY);
  }, { passive: false });

  data.values.forEach((value) => chooser.add(new Option(value.name)));
  root.querySelector(".switches").addEventListener("change", (change) => {
    if (change.target === chooser) box("log").checked = data.values[chooser.selectedIndex].logarithmic;
    choose();
    leave();
  });
  root.querySelector("button").addEventListener("click", () => { view = { ...start }; redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(canvas);
  box("trajectory").parentElement.hidden = !trajectory;
  box("log").checked = data.values[0].logarithmic;
  choose();
})();
