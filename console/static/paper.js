// Zooms, turns and drags the picture of a paper. Without this script the picture is shown whole.
"use strict";
(() => {
  const frame = document.querySelector("[data-frame]");
  const picture = document.querySelector("[data-picture]");
  const tools = document.querySelector("[data-tools]");
  if (!frame || !picture || !tools) return;
  const LEAST = 1, MOST = 8, STEP = 1.25;
  const view = { scale: 1, turns: 0, x: 0, y: 0 };

  const fit = () => {
    // A picture on its side must fit into the frame with its sides exchanged.
    const sideways = view.turns % 2 !== 0;
    const [width, height] = sideways
      ? [picture.offsetHeight, picture.offsetWidth] : [picture.offsetWidth, picture.offsetHeight];
    return Math.min(1, frame.clientWidth / width, frame.clientHeight / height);
  };
  const draw = () => {
    const scale = view.scale * fit();
    picture.style.transform =
      `translate(${view.x}px, ${view.y}px) rotate(${view.turns * 90}deg) scale(${scale})`;
    frame.classList.toggle("zoomed", view.scale > 1);
  };
  const zoom = (factor) => {
    view.scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
    if (view.scale === LEAST) { view.x = 0; view.y = 0; }
    draw();
  };
  const turn = (by) => { view.turns = (view.turns + by + 4) % 4; view.x = 0; view.y = 0; draw(); };
  const acts = {
    in: () => zoom(STEP), out: () => zoom(1 / STEP), left: () => turn(-1), right: () => turn(1),
    whole: () => { Object.assign(view, { scale: 1, turns: 0, x: 0, y: 0 }); draw(); },
  };

  tools.hidden = false;
  frame.classList.add("live");
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) acts[button.dataset.do]();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = { "+": "in", "=": "in", "-": "out", "0": "whole", r: "right", R: "left" }[event.key];
    if (wanted) { event.preventDefault(); acts[wanted](); }
    const moved = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (moved && event.target === frame && view.scale > 1) {
      event.preventDefault();
      view.x += moved[0]; view.y += moved[1];
      draw();
    }
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && view.scale === 1) return; // the page scrolls until somebody has zoomed in
    event.preventDefault();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP);
  }, { passive: false });

  const fingers = new Map();
  let distance = 0;
  const spread = () => {
    const [first, second] = [...fingers.values()];
    return Math.hypot(first.x - second.x, first.y - second.y);
  };
  frame.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    frame.setPointerCapture(event.pointerId);
    if (fingers.size === 2) distance = spread();
  });
  frame.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) {
      const now = spread();
      if (distance > 0) zoom(now / distance);
      distance = now;
    } else if (view.scale > 1) {
      view.x += event.clientX - before.x;
      view.y += event.clientY - before.y;
      draw();
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    frame.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  picture.addEventListener("load", draw);
  window.addEventListener("resize", draw);
  draw();
})();
