"use strict";
// Comfort only: everything on the page can be read without it.
(function () {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  function bytes(n) {
    let i = 0;
    while (Math.abs(n) >= 1024 && i < units.length - 1) { n /= 1024; i += 1; }
    return n.toFixed(i ? 1 : 0) + " " + units[i];
  }
  function points(path) {
    return path.getAttribute("d").slice(1).split("L").map(p => p.split(" ").map(Number));
  }
  function valueAt(path, x) {
    const list = path.points || (path.points = points(path));
    let best = null;
    for (const p of list) { if (p[0] > x) break; best = p; }
    if (!best) return null;
    const height = path.ownerSVGElement.viewBox.baseVal.height;
    return (1 - best[1] / height) * Number(path.dataset.scale);
  }
  for (const chart of document.querySelectorAll(".chart")) {
    const plot = chart.querySelector(".plot"), svg = plot.querySelector("svg");
    const line = document.createElementNS(svg.namespaceURI, "line");
    const readout = document.createElement("div");
    line.setAttribute("class", "cross");
    line.setAttribute("y1", 60);
    line.setAttribute("y2", svg.getAttribute("height") - 40);
    readout.className = "readout";
    readout.setAttribute("aria-hidden", "true");
    const hide = () => { line.remove(); readout.remove(); };
    plot.addEventListener("pointerleave", hide);
    const show = event => {
      const box = svg.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      if (share < 0 || share > 1) { hide(); return; }
      const x = share * 100 + "%";
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      svg.append(line);
      const time = Number(chart.dataset.start) + share * Number(chart.dataset.span);
      const rows = [new Date(time * 1000).toISOString().slice(11, 23) + " UTC"];
      for (const path of svg.querySelectorAll("path[data-name]")) {
        const value = valueAt(path, share * 1000);
        if (value !== null) rows.push(path.dataset.name + " " + bytes(value));
      }
      readout.textContent = rows.join("\n");
      plot.append(readout);
      const outer = plot.getBoundingClientRect();
      const left = event.clientX - outer.left;
      readout.style.top = "80px";
      readout.style.left = (share < 0.5 ? left + 12 : left - readout.offsetWidth - 12) + "px";
    };
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerdown", show);
  }
  const whole = document.getElementById("chart-whole"), last = document.getElementById("chart-last");
  if (whole && last) {
    const group = document.createElement("div");
    group.className = "zoom";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "What the chart shows");
    const buttons = [whole, last].map(chart => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = chart.querySelector("h3").textContent;
      button.addEventListener("click", () => zoom(chart));
      group.append(button);
      return button;
    });
    const zoom = shown => [whole, last].forEach((chart, i) => {
      chart.hidden = chart !== shown;
      buttons[i].setAttribute("aria-pressed", String(chart === shown));
    });
    whole.before(group);
    zoom(whole);
  }
  function sortKey(cell) {
    if (cell.dataset.sort !== undefined) return Number(cell.dataset.sort);
    const number = cell.classList.contains("n") ? parseFloat(cell.textContent.replace(/,/g, "")) : NaN;
    return isNaN(number) ? cell.textContent.trim() : number;
  }
  function compare(x, y) {
    return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const down = was ? was !== "descending" : head.classList.contains("n");
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows].sort((a, b) => {
          const order = compare(sortKey(a.cells[column]), sortKey(b.cells[column]));
          return down ? -order : order;
        });
        body.append(...rows);
      });
    });
  }
  for (const pre of document.querySelectorAll("pre.command")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(pre.querySelector("code").textContent).then(
        () => { button.textContent = "Copied"; }, () => { button.textContent = "Not allowed"; });
    });
    pre.append(button);
  }
})();
