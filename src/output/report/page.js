"use strict";
(() => {
  const find = document.getElementById("find");
  const tools = document.getElementById("tools");
  const found = document.getElementById("found");
  const nothing = document.getElementById("nothing");
  const plain = (element) => (element ? element.textContent.toLowerCase() : "");
  const groups = Array.from(document.querySelectorAll(".group"), (element) => ({
    element,
    text: plain(element.querySelector("h2")),
    cards: Array.from(element.querySelectorAll(".card"), (card) => ({
      element: card,
      state: card.dataset.state,
      text: plain(card.querySelector("h3")),
    })),
  }));

  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = new FormData(tools).get("state");
    let count = 0;
    for (const group of groups) {
      let shown = 0;
      for (const card of group.cards) {
        const fits = (word) => group.text.includes(word) || card.text.includes(word);
        const matches = (!state || card.state === state) && words.every(fits);
        card.element.hidden = !matches;
        shown += matches ? 1 : 0;
      }
      group.element.hidden = shown === 0;
      count += shown;
    }
    nothing.hidden = count > 0;
    found.textContent = count === 1 ? "1 clip shown" : `${count} clips shown`;
  };

  if (groups.length > 0) {
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    tools.addEventListener("change", narrow);
    let waiting = 0;
    find.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(narrow, 120);
    });
    // A browser may bring back what was typed before the page was loaded again.
    if (find.value || new FormData(tools).get("state")) narrow();
  }

  // Times are written in UTC; here the reader's own time is known.
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = local.format(new Date(time.dateTime));
  }

  // A photo that cannot be shown is drawn.
  const gone = document.getElementById("gone");
  const draw = (image) => {
    const drawn = gone.content.cloneNode(true);
    drawn.querySelector("span").append(document.createElement("br"), image.alt.replace(/^Photo: /, ""));
    image.replaceWith(drawn);
  };
  document.addEventListener("error", (event) => {
    if (event.target instanceof HTMLImageElement) draw(event.target);
  }, true);
  for (const image of document.images) {
    if (image.complete && image.naturalWidth === 0) draw(image);
  }

  // One clip at a time.
  document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("video, audio")) {
      if (other !== event.target) other.pause();
    }
  }, true);

  // Thousands of players would make the page slow, so a link becomes one only when it is scrolled
  // to. A clip on this machine then shows its first picture; nothing is fetched from elsewhere
  // before someone plays it.
  const player = (link) => {
    const clip = document.createElement(link.dataset.kind);
    clip.controls = true;
    clip.playsInline = true;
    clip.preload = "local" in link.dataset ? "metadata" : "none";
    clip.setAttribute("aria-label", link.lastElementChild.textContent.trim());
    const isVideo = link.dataset.kind === "video";
    if (isVideo && clip.preload === "metadata") {
      // The picture at half a second stands for the clip, since many begin in the dark. It is played
      // from its start.
      clip.src = `${link.href}#t=0.5`;
      clip.addEventListener("play", () => { clip.currentTime = 0; }, { once: true });
    } else {
      const photo = isVideo && link.closest(".media").querySelector("img");
      if (photo) {
        clip.poster = photo.src;
        clip.className = "still";
        clip.addEventListener("play", () => { clip.className = ""; }, { once: true });
      }
      clip.src = link.href;
    }
    const hadFocus = document.activeElement === link;
    link.replaceWith(clip);
    if (hadFocus) clip.focus();
  };
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      player(entry.target);
    }
  }, { rootMargin: "300px" });
  for (const link of document.querySelectorAll(".play")) near.observe(link);
})();
