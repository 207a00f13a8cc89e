// Keeps the pages up to date by events, and gives them a keyboard. Everything else is htmx and plain HTML.
"use strict";
(() => {
  const PACE_MS = 400;
  const TOAST_MS = 8000;
  const UNDO_MS = 30000;
  const waiting = new Set();
  let timer = 0;
  let last = 0;

  // -- live: parts marked data-live="task step ..." are read again when such an event comes, at an even pace.

  const refresh = () => {
    timer = 0;
    last = Date.now();
    const kinds = [...waiting];
    waiting.clear();
    for (const part of document.querySelectorAll("[data-live]")) {
      const wanted = part.dataset.live.split(" ");
      if (!kinds.some((kind) => kind === "all" || wanted.includes(kind))) continue;
      if (part.classList.contains("htmx-request")) kinds.forEach(changed); // it may have been read too early: once more
      else htmx.trigger(part, "live");
    }
  };
  const changed = (kind) => {
    waiting.add(kind);
    if (!timer && !document.hidden) timer = setTimeout(refresh, Math.max(30, last + PACE_MS - Date.now()));
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting.size) changed("none");
  });
  document.addEventListener("changed", () => changed("all"));

  // A part that is read again changes only where it differs, so no press, focus or selection is lost in it. What a
  // person has unfolded stays unfolded.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
    name !== "open" || element.tagName !== "DETAILS";

  if (document.querySelector("[data-live]")) {
    const source = new EventSource("/live" + document.body.dataset.events);
    const state = document.getElementById("connection");
    for (const kind of ["task", "step", "device"]) source.addEventListener(kind, () => changed(kind));
    source.addEventListener("reload", () => changed("all"));
    source.addEventListener("ready", () => (state.hidden = true));
    source.addEventListener("error", () => (state.hidden = false));
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  // -- messages go away by themselves; errors stay until they are pressed

  const toasts = document.getElementById("toasts");
  new MutationObserver((changes) => {
    for (const toast of changes.flatMap((change) => [...change.addedNodes])) {
      if (!toast.classList || toast.classList.contains("failed")) continue;
      setTimeout(() => toast.remove(), "undo" in toast.dataset ? UNDO_MS : TOAST_MS);
    }
  }).observe(toasts, { childList: true });

  // what was undone can not be undone again
  document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.(".toast:is([data-undo], [data-again])")?.remove());

  // What the server's own routes did not answer: a body that is too large, a connection that broke.
  const tell = (sentence) => {
    const toast = document.createElement("p");
    const close = document.createElement("button");
    toast.className = "toast failed";
    toast.setAttribute("role", "alert");
    close.className = "quiet";
    close.textContent = "×";
    close.dataset.do = "close";
    close.setAttribute("aria-label", toasts.dataset.close);
    toast.append(Object.assign(document.createElement("span"), { textContent: sentence }), close);
    toasts.append(toast);
  };
  const sentenceOf = (text) => {
    try {
      return JSON.parse(text).message;
    } catch {
      return "";
    }
  };
  document.addEventListener("htmx:responseError", (event) => {
    tell(sentenceOf(event.detail.xhr.responseText) || toasts.dataset.lost);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig.verb !== "get") tell(toasts.dataset.lost); // parts that are read again say so above
  });

  // -- how far an upload has come: forms marked data-progress="ID"

  const progressOf = (event) => document.getElementById(event.target.dataset?.progress);
  const showProgress = (part, percent) => {
    part.hidden = false;
    part.querySelector("progress").value = percent;
    part.querySelector("output").textContent = `${Math.floor(percent)} %`;
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = progressOf(event);
    if (part) showProgress(part, 0);
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const part = progressOf(event);
    const { lengthComputable, loaded, total } = event.detail;
    if (part && lengthComputable && total) showProgress(part, (100 * loaded) / total);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const part = progressOf(event);
    if (part) part.hidden = true;
    if (event.target.matches?.("form[data-progress]") && event.detail.successful) event.target.reset();
  });

  // -- on a narrow screen the bar of pages scrolls: the present one is seen

  document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // -- presses

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const help = document.getElementById("help");
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (!pressed) return;
    if (pressed.dataset.do === "theme") {
      const root = document.documentElement;
      const theme = (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
      root.dataset.theme = theme;
      document.cookie = `fleetlane_theme=${theme}; path=/; max-age=31536000; samesite=strict`;
    } else if (pressed.dataset.do === "help") help.showModal();
    else if (pressed.closest("dialog")) help.close();
    else pressed.closest(".toast").remove();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      for (const box of document.querySelectorAll(`input[name="${event.target.dataset.all}"]`)) {
        box.checked = event.target.checked;
      }
    }
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // -- keys

  const places = { n: "/new", o: "/", t: "/tasks", c: "/calendar", p: "/phones", a: "/accounts", m: "/materials", s: "/settings" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      const search = document.getElementById("search");
      if (search) search.focus();
      else location.assign("/tasks#search");
    } else if (event.key === "?") help.showModal();
    else if (places[event.key]) location.assign(places[event.key]);
  });
  if (location.hash === "#search") document.getElementById("search")?.focus();
})();
