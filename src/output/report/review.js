"use strict";
(() => {
  const cards = Array.from(document.querySelectorAll(".look"));
  const tools = document.getElementById("tools");
  const dialog = document.getElementById("order");
  const prompt = document.getElementById("prompt");
  const agree = document.getElementById("agree");
  const failed = document.getElementById("failed");
  const WORDS = { kept: "Kept", rejected: "Rejected", waiting: "" };

  const shown = () => cards.filter((card) => !card.hidden);
  const current = () => document.activeElement.closest(".look");

  const count = () => {
    const number = (look) => cards.filter((card) => card.dataset.look === look).length;
    document.getElementById("counts").textContent =
      `${number("waiting")} waiting for a look, ${number("kept")} kept, ${number("rejected")} rejected.`;
  };

  const say = (card, text) => {
    card.querySelector(".verdict").textContent = text;
  };

  const show = (card, look) => {
    card.dataset.look = look;
    say(card, WORDS[look] || "");
    count();
  };

  const narrow = () => {
    const look = new FormData(tools).get("look");
    for (const card of cards) card.hidden = Boolean(look) && card.dataset.look !== look;
    document.getElementById("nothing").hidden = shown().length > 0;
  };

  const go = (step) => {
    const list = shown();
    const at = list.indexOf(current());
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)];
    if (next) next.focus();
  };

  // The next one that waits, or else the next one.
  const goOn = (card) => {
    const list = shown();
    const rest = list.slice(list.indexOf(card) + 1);
    const next = rest.find((other) => other.dataset.look === "waiting") || rest[0];
    if (next) next.focus();
  };

  const post = async (path, body) => {
    try {
      const reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      if (reply.headers.get("Content-Type") === "application/json") return await reply.json();
      return { ok: false, message: `This was not understood (${reply.status}). Load the page again.` };
    } catch {
      return { ok: false, message: "creativeai review has ended. Start it again and load the page anew." };
    }
  };

  const clip = (card) => ({ job: card.dataset.job, attempt: Number(card.dataset.attempt) });

  const judge = async (card, verdict) => {
    if (card.dataset.look === "ordered") return;
    const reply = await post("look", { ...clip(card), verdict });
    if (!reply.ok) {
      say(card, reply.message);
      return;
    }
    show(card, verdict);
    if (document.activeElement === card || card.contains(document.activeElement)) goOn(card);
  };

  let ordering = null;
  const openOrder = (card) => {
    if (card.dataset.look === "ordered") return;
    ordering = card;
    prompt.value = card.dataset.prompt;
    document.getElementById("bill").textContent = card.dataset.bill;
    agree.textContent = `Order for ${card.dataset.bill}`;
    failed.textContent = "";
    agree.disabled = false;
    dialog.showModal();
    prompt.focus();
  };

  agree.addEventListener("click", async () => {
    const card = ordering;
    if (!prompt.value.trim()) {
      failed.textContent = "Write what the clip is to show.";
      return;
    }
    // One click, one order.
    agree.disabled = true;
    const reply = await post("order", {
      ...clip(card),
      prompt: prompt.value.trim(),
      credits: card.dataset.credits,
    });
    if (!reply.ok) {
      failed.textContent = reply.message;
      return;
    }
    card.dataset.look = "ordered";
    say(card, reply.message);
    for (const button of card.querySelectorAll(".actions button")) button.disabled = true;
    count();
    dialog.close();
    card.focus();
  });

  const act = (card, action) => {
    if (action === "order") openOrder(card);
    else judge(card, action);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) act(button.closest(".look"), button.dataset.do);
  });

  const KEYS = { k: "kept", x: "rejected", o: "order" };
  document.addEventListener("keydown", (event) => {
    if (dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowRight") go(1);
    else if (event.key === "ArrowUp" || event.key === "ArrowLeft") go(-1);
    else if (event.key in KEYS && current()) act(current(), KEYS[event.key]);
    else if (event.key === " " && event.target.matches(".look")) {
      const player = event.target.querySelector("video, audio");
      if (player) player.paused ? player.play().catch(() => {}) : player.pause();
    } else return;
    event.preventDefault();
  });

  document.getElementById("done").addEventListener("click", async () => {
    await post("done", {});
    document.querySelector("h1").textContent = "Done. This page can be closed.";
    tools.hidden = true;
    document.getElementById("clips").hidden = true;
  });

  // In place of the browser's own sign for a photo that cannot be shown.
  const lost = (image) => {
    const note = document.createElement("p");
    note.className = "none";
    note.textContent = "The photo cannot be shown here";
    image.replaceWith(note);
  };
  document.addEventListener("error", (event) => {
    if (event.target instanceof HTMLImageElement) lost(event.target);
  }, true);
  for (const image of document.images) {
    if (image.complete && image.naturalWidth === 0) lost(image);
  }

  // One clip at a time.
  document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("video, audio")) {
      if (other !== event.target) other.pause();
    }
  }, true);

  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("change", narrow);
  for (const card of cards) say(card, WORDS[card.dataset.look] || "");
  count();
  narrow();
  const first = cards.find((card) => card.dataset.look === "waiting") || cards[0];
  if (first) first.focus();
})();
