// Where results appear. The value is one of
//   {kind: "show", result, clear}                             a picture that was there before (an example); none at all with `clear`
//   {kind: "working", run, count, aspect, step, total, message, eta_s, previews: [data URI, ...]}
//   {kind: "done", run, result}   {kind: "ended", run, message}   (cancelled or refused: the last result stays)
// with result = {id, title, detail, reusable, ours, aspect, pair, pictures: [{file: {url}, name, description, caption}, ...]}.
// Asks Python: 'reuse' {id, index}, 'share_settings' {as, id, index}, 'send' {to, id, index}, 'vary' {id, index, amount}, and 'compare' {id, index} when another
// picture with a pair is shown.
const KEPT = 24;
if (props.empty) find('.su-frame-empty').textContent = props.empty;
let results = [];          // newest first
let shown = null;          // {result, index}

const thumbnail = (result, index, className) => {
  const item = make('li', '');
  const button = make('button', className);
  const picture = make('img', '');
  button.type = 'button';
  button.dataset.result = result.id;
  button.dataset.index = index;
  button.setAttribute('aria-label', result.pictures[index].description);
  if (shown && shown.result.id === result.id && shown.index === index) button.setAttribute('aria-current', 'true');
  picture.src = result.pictures[index].file.url;
  picture.alt = '';
  button.append(picture);
  item.append(button);
  if (result.pictures[index].caption) item.append(make('span', 'su-thumb-caption', result.pictures[index].caption));
  return item;
};

// Width over height of the frame; what is wider or taller than films and phones lies in it with bars.
const drawAspect = (aspect = 1) => {
  const place = element.closest('.su-result');
  place?.style.setProperty('--su-aspect', Math.min(Math.max(aspect, 9 / 16), 1.8));
  if (place) place.dataset.wide = String(aspect > 1.25);
};

const drawShown = () => {
  const chosen = shown && shown.result.pictures[shown.index];
  const picture = find('.su-picture');
  picture.hidden = !chosen;
  find('.su-frame-empty').hidden = Boolean(chosen);
  find('.su-stage').dataset.pair = String(Boolean(chosen && shown.result.pair));
  drawAspect(shown?.result.aspect);
  if (chosen) {
    picture.src = chosen.file.url;
    picture.alt = chosen.description;
    find('.su-download').href = chosen.file.url;
    find('.su-download').download = chosen.name;
  }
  find('.su-download').hidden = !chosen || !shown.result.ours;
  showReuse(chosen && shown.result.reusable);
  find('.su-varies').hidden = !chosen || !shown.result.reusable || shown.result.varied === false;
  element.querySelectorAll('.su-send').forEach(button => { button.hidden = !chosen || !shown.result.ours; });
  if (!busy) {
    find('.su-status').textContent = chosen ? shown.result.title : '';
    find('.su-detail').textContent = chosen ? shown.result.detail : '';
  }
  const several = chosen && shown.result.pictures.length > 1;
  find('.su-thumbs').replaceChildren(
    ...(several ? shown.result.pictures.map((_, index) => thumbnail(shown.result, index, 'su-thumb')) : []));
  find('.su-history').hidden = results.length === 0;
  find('.su-history ul').replaceChildren(
    ...results.flatMap(result => result.pictures.map((_, index) => thumbnail(result, index, 'su-thumb'))));
};

const drawPreviews = sources => {
  const place = find('.su-previews');
  place.dataset.count = sources.length;
  while (place.children.length > sources.length) place.lastChild.remove();
  sources.forEach((source, index) => {
    const picture = place.children[index] || place.appendChild(make('img', ''));
    if (picture.src !== source) picture.src = source;
  });
};

const drawBlur = share => { find('.su-frame').style.setProperty('--su-blur', ((1 - share) * 14).toFixed(1) + 'px'); };

const begin = () => {
  drawPreviews([]);
  beginProgress();
};

const end = words => {
  endProgress();
  drawPreviews([]);
  drawShown();
  if (words) { find('.su-detail').textContent = words; announce(words); }
};

const draw = () => {
  const value = props.value || {};
  if (value.kind === 'show' && !busy) {
    shown = value.result ? { result: value.result, index: 0 } : value.clear ? null : shown;
    drawShown();
  } else if (value.kind === 'working' && isNews(value.run)) {
    setBusy(true);
    drawBlur(drawProgress(value));
    if (value.aspect) drawAspect(value.aspect);
    if ((value.previews || []).length) drawPreviews(value.previews);
  } else if (value.kind === 'done' && isNews(value.run)) {
    ended = value.run;
    results = [value.result, ...results].slice(0, KEPT);
    shown = { result: value.result, index: 0 };
    end('');
    announce('Done. ' + value.result.pictures[0].description);
    announceMade(value, value.result);
  } else if (value.kind === 'ended' && isNews(value.run)) {
    ended = value.run;
    end(value.message);
  }
};

element.addEventListener('click', event => {
  const chosen = event.target.closest('.su-thumb');
  if (chosen) {
    const known = shown && shown.result.id === chosen.dataset.result ? [shown.result, ...results] : results;
    const result = known.find(one => one.id === chosen.dataset.result);
    const strip = chosen.closest('ul');
    shown = { result, index: Number(chosen.dataset.index) };
    drawShown();
    if (result.pair) trigger('compare', { id: result.id, index: shown.index });
    strip.querySelector('[aria-current]')?.focus();
  }
});
element.addEventListener('click', event => {
  const button = event.target.closest('.su-vary');
  if (!button || !shown || busy) return;
  begin();
  trigger('vary', { id: shown.result.id, index: shown.index, amount: Number(button.dataset.amount) });
});
followActions(() => shown && { id: shown.result.id, index: shown.index });
followButtons(begin, end);
watch('value', draw);
draw();
