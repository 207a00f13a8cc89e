// Live pictures of the phones that can be seen on this page, and hands on the one that was opened.
"use strict";
(() => {
  const SETTLE_MS = 150;
  const HOLD_MS = 500;
  const SLACK_PX = 8;

  // -- pictures: one stream tells of new ones, for the phones in view only; a hidden page watches nothing

  const inView = new Map(); // figure -> whether it is in view
  let source = null;
  let watched = "";
  let timer = 0;

  const show = (event) => {
    const { serial, tag, problem } = JSON.parse(event.data);
    for (const figure of inView.keys()) {
      if (figure.dataset.picture !== serial) continue;
      const picture = figure.querySelector("img");
      if (tag) {
        picture.src = `/phones/${encodeURIComponent(serial)}/picture.jpg?v=${tag}`;
        picture.hidden = false;
      }
      figure.classList.toggle("live", !problem);
      figure.querySelector("figcaption").textContent = problem || "";
    }
  };
  const watch = () => {
    timer = 0;
    const wanted = [...inView].filter(([figure, seen]) => seen && !document.hidden && figure.isConnected);
    const query = new URLSearchParams(wanted.map(([figure]) => ["serial", figure.dataset.picture]));
    if (wanted.some(([figure]) => "large" in figure.dataset)) query.set("large", "true");
    if (query.toString() === watched) return;
    watched = query.toString();
    source?.close();
    source = wanted.length ? new EventSource(`/live/pictures?${watched}`) : null;
    source?.addEventListener("picture", show);
  };
  const settle = () => {
    if (!timer) timer = setTimeout(watch, SETTLE_MS);
  };
  const observer = new IntersectionObserver((changes) => {
    for (const change of changes) inView.set(change.target, change.isIntersecting);
    settle();
  });
  const find = () => {
    for (const figure of inView.keys()) {
      if (!figure.isConnected) {
        observer.unobserve(figure);
        inView.delete(figure);
      }
    }
    for (const figure of document.querySelectorAll("[data-picture]")) {
      if (inView.has(figure)) continue;
      inView.set(figure, false);
      observer.observe(figure);
    }
    settle();
  };
  find();
  document.addEventListener("htmx:afterSettle", find);
  document.addEventListener("visibilitychange", settle);
  addEventListener("pagehide", () => source?.close());

  // -- hands: a press on the large picture is a tap, held it is a long tap, dragged a swipe

  const phone = () => document.querySelector("#live[data-held]");
  let down = null;
  let acting = Promise.resolve();
  const place = (event, box) => ({
    x: Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1),
    y: Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1),
  });
  document.addEventListener("pointerdown", (event) => {
    down = null;
    const picture = event.target.closest("[data-large] img");
    if (!picture || !phone() || event.button) return;
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    down = { picture, at: event.timeStamp, clientX: event.clientX, clientY: event.clientY };
  });
  document.addEventListener("pointercancel", () => (down = null));
  document.addEventListener("pointerup", (event) => {
    const held = phone();
    if (!down || !held) return;
    const { picture } = down;
    const box = picture.getBoundingClientRect();
    const values = { ...place(down, box), wide: picture.naturalWidth > picture.naturalHeight };
    const moved = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (moved > SLACK_PX) {
      const to = place(event, box);
      Object.assign(values, { kind: "swipe", to_x: to.x, to_y: to.y });
    } else values.kind = event.timeStamp - down.at < HOLD_MS ? "tap" : "long_tap";
    down = null;
    const touch = { values, source: picture.parentElement, target: "#toasts", swap: "beforeend" };
    const address = `${held.dataset.phone}/touch`;
    acting = acting.then(() => htmx.ajax("POST", address, touch)); // htmx alone would drop one of two quick taps
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("[data-reset]");
    if (form && event.detail.xhr.status === 204) form.reset();
  });

  // -- the time that is left until the phone is given back

  const untils = new WeakMap(); // element -> the instant on this page's own clock, and what the server said before it
  const until = (element, left) => {
    untils.set(element, { at: performance.now() + left * 1000, said: element.dataset.left });
  };
  document.addEventListener("touched", (event) => {
    const element = document.querySelector("[data-left]");
    if (element && event.detail.left !== null) until(element, event.detail.left);
  });
  setInterval(() => {
    for (const element of document.querySelectorAll("[data-left]")) {
      if (untils.get(element)?.said !== element.dataset.left) until(element, Number(element.dataset.left));
      const left = Math.max(0, Math.round((untils.get(element).at - performance.now()) / 1000));
      element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }
  }, 1000);
})();
