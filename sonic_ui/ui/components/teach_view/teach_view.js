// What becomes of a teaching. The value is one of
//   {kind: "show"}                                                    nothing yet
//   {kind: "working", run, step, total, message, eta_s, sheet: [src, ...], note}
//                                                                     pictures so far: the first two are from before
//   {kind: "done", run, card}   {kind: "ended", run, message}         (cancelled or refused: the last card stays)
// with card = {engine, title, detail, note, usable, before: [{url}, ...], after: [{url}, ...], file: {url}, name}.
// Asks Python: 'use' {engine}.
const EMPTY = find('.su-frame-empty').textContent;
const ROW = 2;             // pictures that are painted at a time
let card = null;
let sheet = [];

const picture = (src, words) => {
  const image = make('img', '');
  image.src = src;
  image.alt = words;
  image.decoding = 'sync';
  return image;
};
const drawSheet = () => {
  const list = find('.su-taught-sheet');
  list.hidden = !busy || !sheet.length;
  sheet.slice(list.children.length).forEach((src, number) => {
    const at = list.children.length, item = make('li', '');
    item.append(picture(src, at < ROW ? 'Before' : `While it learns, look ${Math.floor(at / ROW)}`));
    list.append(item);
  });
};
const drawCard = () => {
  const shown = card && !busy;
  find('.su-taught-pair').hidden = !shown;
  find('.su-frame-empty').hidden = shown || (busy && sheet.length > 0);
  find('.su-frame-empty').textContent = busy ? 'It looks and listens …' : EMPTY;
  find('.su-stage').dataset.state = busy ? 'working' : card ? 'still' : 'empty';
  const acts = find('.su-taught-acts');
  acts.replaceChildren();
  if (!shown) return;
  find('.su-taught-before').replaceChildren(...card.before.map((one, at) => picture(one.url, `Before: recording ${at + 1}`)));
  find('.su-taught-after').replaceChildren(...card.after.map((one, at) => picture(one.url, `Now: recording ${at + 1}`)));
  find('.su-status').textContent = card.title;
  find('.su-detail').textContent = card.detail;
  find('.su-taught-note').textContent = card.note;
  if (card.usable) {
    const use = make('button', 'su-action su-taught-use', 'Use it now');
    use.type = 'button';
    acts.append(use);
  }
  acts.append(fileLink(card.file, card.name, 'Download (ZIP)'));
};
const begin = () => {
  sheet = [];
  find('.su-taught-sheet').replaceChildren();
  find('.su-taught-note').textContent = '';
  beginProgress();
  drawCard();
};
const end = words => {
  endProgress();
  find('.su-taught-sheet').hidden = true;
  find('.su-status').textContent = '';
  drawCard();
  if (words) { find('.su-detail').textContent = words; announce(words); }
};
const minutes = left => left < 90 ? `about ${Math.max(10, Math.round(left / 10) * 10)} s left` : `about ${Math.round(left / 60)} min left`;
const receiveWork = value => {
  setBusy(true);
  sheet = value.sheet;
  drawProgress({ ...value, eta_s: null });
  if (value.eta_s != null) find('.su-status').textContent += ' · ' + minutes(value.eta_s);
  find('.su-taught-note').textContent = value.note || '';
  drawSheet();
  drawCard();
};
const draw = () => {
  const value = props.value || {};
  if (value.kind === 'working' && isNews(value.run)) receiveWork(value);
  else if (value.kind === 'done' && isNews(value.run)) {
    ended = value.run;
    endProgress();
    card = value.card;
    find('.su-taught-sheet').hidden = true;
    drawCard();
    announce('Done. ' + card.title);
  } else if (value.kind === 'ended' && isNews(value.run)) {
    ended = value.run;
    end(value.message);
  }
};
element.addEventListener('click', event => {
  if (event.target.closest('.su-taught-use')) trigger('use', { engine: card.engine });
});
followButtons(begin, end);
watch('value', draw);
draw();
