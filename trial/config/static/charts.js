// Every figure of a page, drawn by Vega-Lite in the page's own colours. The policy forbids eval, so Vega interprets
// its expressions; it forbids inline style, so Vega's own style sheets stay out and app.css has the rules.
"use strict";

(() => {
  const token = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const darkDevice = matchMedia("(prefers-color-scheme: dark)");

  function theme() {
    const text = token("--ax-text-neutral");
    const subtle = token("--ax-text-neutral-subtle");
    const line = token("--ax-border-neutral-subtle");
    const font = '"Source Sans 3", Arial, sans-serif';
    const arms = ["accent", "brand-magenta", "success", "meta-purple", "warning", "neutral"];
    const words = { font, labelFont: font, titleFont: font, labelFontSize: 14, titleFontSize: 14, titleFontWeight: 600 };
    return {
      aria: false, // the figure is one image with a description, and its numbers stand in the table below
      background: "transparent",
      font,
      view: { stroke: null },
      mark: { aria: false }, // the figure has its name and its table; the marks of a picture need none of their own
      axis: { ...words, labelColor: subtle, titleColor: text, gridColor: line, domainColor: subtle, tickColor: subtle, labelPadding: 6, titlePadding: 10 },
      axisX: { grid: false },
      axisY: { domain: false, ticks: false },
      legend: { ...words, labelColor: text, titleColor: text, orient: "top", symbolSize: 160, symbolStrokeWidth: 3 },
      header: { ...words, labelColor: text, titleColor: text },
      title: { font, color: text, fontSize: 16, anchor: "start", subtitleFont: font, subtitleColor: subtle, subtitleFontSize: 14 },
      range: { category: arms.map((name) => token(`--ax-bg-${name}-strong`)), ramp: [token("--ax-bg-accent-soft"), token("--ax-bg-accent-strong")] },
      line: { strokeWidth: 3 },
      point: { size: 60, filled: true },
      rule: { color: subtle },
      text: { color: text, font, fontSize: 14 },
      errorband: { opacity: 0.2 },
    };
  }

  // Bokmål writes 10,9, 40 % and 3. mai 2014; Vega's own ways are English.
  const bokmaal = {
    formatLocale: { decimal: ",", thousands: "\u00a0", grouping: [3], currency: ["", "\u00a0kr"], percent: "\u00a0%" },
    timeFormatLocale: {
      dateTime: "%e. %B %Y %H:%M", date: "%d.%m.%Y", time: "%H:%M", periods: ["", ""],
      days: ["søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"],
      shortDays: ["søn", "man", "tir", "ons", "tor", "fre", "lør"],
      months: ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"],
      shortMonths: ["jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "des"],
    },
  };
  const locale = document.documentElement.lang === "en" ? {} : bokmaal;

  const WIDE = 640; // px from which two panels stand beside each other
  const AXIS = 75; // px that a panel's axis and its distance to the next take

  // A single view follows its container by itself; panels must be told how wide they are.
  function sized(spec, element) {
    if (!("concat" in spec)) {
      const height = spec.height || Number(element.dataset.height);
      return { autosize: { type: "fit", contains: "padding" }, ...spec, width: "container", height };
    }
    const columns = element.clientWidth < WIDE ? 1 : spec.columns;
    const width = Math.max(160, Math.floor(element.clientWidth / columns) - AXIS);
    return { ...spec, columns, concat: spec.concat.map((panel) => ({ ...panel, width })) };
  }

  function draw(element) {
    const spec = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    return window.trialVega.embed(element, sized(spec, element), {
      actions: false,
      ast: true,
      config: theme(),
      defaultStyle: false,
      ...locale,
      mode: "vega-lite",
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
    });
  }

  const drawn = new Map();
  async function drawAll() {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (drawn.has(element)) continue;
      drawn.set(element, null);
      drawn.set(element, await draw(element));
    }
  }

  function redraw() {
    drawn.forEach((result) => result && result.finalize());
    drawn.clear();
    drawAll();
  }

  let waiting = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // a phone's address bar comes and goes
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 200);
  });
  darkDevice.addEventListener("change", redraw);
  document.addEventListener("htmx:load", drawAll);
  drawAll();
})();
