// A short tour for the first visit: a card beside what it is about, and a ring around that. The page stays usable; whoever begins
// to work, presses Esc or “Skip” has seen it, and it does not come again by itself.
{
  const SEEN = 'sonic-ui-tour';
  const WAIT_MS = 1200, EDGE = 14;
  const STEPS = [
    ['A sound', 'Record one, drop a file, or take an example. What is heard in it is what gets painted.', '.su-inputs > :first-child'],
    ['A few words', 'They set the style, the place and the time of day. The sound brings the rest, so they may stay empty.', '[id$="-prompt"]'],
    ['Generate', 'The picture forms before your eyes. G does the same, Esc stops.', '.su-run'],
    ['What was made', 'See it large, vary it, send it on. Everything stays in the gallery of this browser.', '.su-result .su-frame'],
  ];
  const card = element.querySelector('.su-tour'), ring = element.querySelector('.su-tour-ring');
  const part = name => card.querySelector('.su-tour-' + name);
  const home = () => document.getElementById('sound-to-image-tab');
  let at = -1;

  const seen = () => { try { return localStorage.getItem(SEEN); } catch { return 'nothing is stored'; } };
  const remember = () => { try { localStorage.setItem(SEEN, 'seen'); } catch { /* it counts until the page is closed */ } };
  const target = () => [...(home()?.querySelectorAll(STEPS[at][2]) || [])].find(one => one.offsetParent !== null || one.getClientRects().length);
  const settle = () => {
    if (at < 0) return;
    const box = target()?.getBoundingClientRect();
    ring.hidden = !box || box.top > innerHeight - 160; // what lies below the fold is found by its name
    if (!box) return;
    Object.assign(ring.style, { left: box.left - 6 + 'px', top: box.top - 6 + 'px', width: box.width + 12 + 'px', height: box.height + 12 + 'px' });
    const { offsetWidth: wide, offsetHeight: high } = card, room = { x: innerWidth - wide - EDGE, y: innerHeight - high - EDGE };
    if (innerWidth < 820) { Object.assign(card.style, { left: '', top: box.top > innerHeight / 2 ? EDGE + 'px' : '' }); return; }
    const beside = box.right + 20 <= room.x ? box.right + 20 : box.left - wide - 20 >= EDGE ? box.left - wide - 20 : Math.min(box.left + 20, room.x);
    Object.assign(card.style, { left: Math.max(EDGE, beside) + 'px', top: Math.max(EDGE, Math.min(box.top, room.y)) + 'px' });
  };
  const follow = () => { if (at >= 0) { settle(); requestAnimationFrame(follow); } };
  const end = () => {
    if (at < 0) return;
    const held = card.contains(document.activeElement);
    at = -1;
    remember();
    card.hidden = ring.hidden = true;
    if (held) document.getElementById('sound-to-image-generate')?.focus({ preventScroll: true });
  };
  const go = (step, focus) => {
    if (step >= STEPS.length) { end(); return; }
    const begins = at < 0;
    at = step;
    card.hidden = false;
    const [title, words] = STEPS[at];
    part('title').textContent = title;
    part('words').textContent = words;
    part('count').textContent = `${at + 1} of ${STEPS.length}`;
    part('back').hidden = at === 0;
    part('next').textContent = at === STEPS.length - 1 ? 'Begin' : 'Next';
    if (!begins) target()?.scrollIntoView({ block: at === 1 ? 'center' : 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    if (begins) follow();
    if (focus) part('next').focus({ preventScroll: true });
  };
  const start = () => {
    document.querySelector('#sound-to-image-tab-button[aria-selected="false"]')?.click();
    go(0, true);
  };

  part('next').addEventListener('click', () => go(at + 1, true));
  part('back').addEventListener('click', () => go(at - 1, true));
  part('skip').addEventListener('click', end);
  element.querySelector('.su-tour-again').addEventListener('click', event => {
    event.target.closest('dialog').close();
    start();
  });
  document.addEventListener('keydown', event => {
    if (at < 0) return;
    if (event.key === 'Escape') { event.preventDefault(); end(); }
    if (!card.contains(event.target)) return;
    if (event.key === 'ArrowRight') { event.preventDefault(); go(at + 1, true); }
    if (event.key === 'ArrowLeft' && at > 0) { event.preventDefault(); go(at - 1, true); }
  }, true);
  document.addEventListener('pointerdown', event => { if (at >= 0 && !card.contains(event.target)) end(); }, true);

  if (!seen() && !new URLSearchParams(location.search).has('s')) {
    const stands = () => home()?.querySelector('.su-picture:not([hidden])') && !document.querySelector('dialog[open]');
    const begin = () => { if (at < 0 && !seen()) { if (stands()) go(0, false); else setTimeout(begin, WAIT_MS); } };
    setTimeout(begin, WAIT_MS);
  }
}
