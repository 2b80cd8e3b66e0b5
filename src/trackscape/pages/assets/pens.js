// Two pens with the same strokes, one for a canvas and one that writes SVG, so a picture that is
// saved shows what the screen does.
//
// open(x, y, width, height, ground): begins a pane, to which the strokes are cut; close() ends it.
// stroke(lines, colour, width, dash, fill): lines of points. squares(points, radius, colour).
// disc(point, radius, fill, colour, width). write(text, point, colour, align, size).
const letters = (size) => `${size}px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif`;

function canvasPen(pen) {
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
    if (width) pen.stroke();
  }

  function squares(points, radius, colour) {
    pen.fillStyle = colour;
    for (const [x, y] of points) pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  }

  function disc([x, y], radius, fill, colour, width) {
    pen.setLineDash([]);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    if (fill) {
      pen.fillStyle = fill;
      pen.fill();
    }
    pen.stroke();
  }

  function write(text, [x, y], colour, align = "center", size = 12) {
    pen.fillStyle = colour;
    pen.font = letters(size);
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.fillText(text, x, y);
  }

  function open(x, y, width, height, ground) {
    pen.save();
    pen.translate(x, y);
    pen.beginPath();
    pen.rect(0, 0, width, height);
    pen.clip();
    pen.fillStyle = ground;
    pen.fillRect(0, 0, width, height);
  }

  return { open, close: () => pen.restore(), stroke, squares, disc, write };
}

function svgPen() {
  const parts = [];
  const round = (value) => String(Math.round(10 * value) / 10);
  const safe = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const anchor = { left: "start", center: "middle", right: "end" };

  function stroke(lines, colour, width, dash = [], fill = null) {
    if (!lines.length) return;
    const path = lines.map((line) => "M" + line.map(([x, y]) => `${round(x)} ${round(y)}`).join("L"));
    const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    parts.push(`<path d="${path.join("")}" fill="${fill ?? "none"}" stroke="${width ? colour : "none"}"` +
      ` stroke-width="${width}"${dashes}/>`);
  }

  function squares(points, radius, colour) {
    if (!points.length) return;
    const size = round(2 * radius);
    const path = points.map(([x, y]) =>
      `M${round(x - radius)} ${round(y - radius)}h${size}v${size}h-${size}z`);
    parts.push(`<path d="${path.join("")}" fill="${colour}"/>`);
  }

  function disc([x, y], radius, fill, colour, width) {
    parts.push(`<circle cx="${round(x)}" cy="${round(y)}" r="${round(radius)}" fill="${fill ?? "none"}"` +
      ` stroke="${colour}" stroke-width="${width}"/>`);
  }

  function write(text, [x, y], colour, align = "center", size = 12) {
    parts.push(`<text x="${round(x)}" y="${round(y)}" fill="${colour}" font-size="${size}"` +
      ` text-anchor="${anchor[align]}" dominant-baseline="central">${safe(text)}</text>`);
  }

  function open(x, y, width, height, ground) {
    parts.push(`<svg x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"` +
      ` overflow="hidden"><rect width="100%" height="100%" fill="${ground}"/>`);
  }

  const finish = (width, height) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}"` +
    ` viewBox="0 0 ${round(width)} ${round(height)}" font-family="system-ui, sans-serif"` +
    ` stroke-linejoin="round">\n${parts.join("\n")}\n</svg>\n`;

  return { open, close: () => parts.push("</svg>"), stroke, squares, disc, write, finish };
}
