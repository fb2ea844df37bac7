// What the places of results have in common: progress, the buttons below a result, and those of their tab. These
// live outside and are named <tab>-generate, <tab>-cancel and <tab>-run, which carries data-busy.
const find = selector => element.querySelector(selector);
const part = name => document.getElementById(props.tab + '-' + name);
let busy = false;
let newest = -1;           // the newest run that was heard of
let ended = -1;            // the last run that is over
let answered = true;       // whether anything came back since a run was asked for
let quarter = 0;           // the last part of the progress that was announced

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className;
  if (text) node.textContent = text;
  return node;
};

// Settings that are known can be reused and given away. Gradio itself takes the event 'share'.
const showReuse = known => element.querySelectorAll('.su-reuse, .su-share-as').forEach(button => { button.hidden = !known; });

const announce = text => { find('.su-live').textContent = text; };

// A bar that is idle is none to who cannot see it.
const IN_PROGRESS = { role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': '0', 'aria-valuemax': '100' };
const IDLE = { 'aria-hidden': 'true' };

const setBusy = value => {
  if (busy === value) return;
  busy = value;
  const run = part('run');
  const hadFocus = run && run.contains(document.activeElement);
  if (run) run.dataset.busy = String(value);
  find('.su-stage').dataset.state = value ? 'working' : 'still';
  find('.su-stage').setAttribute('aria-busy', String(value));
  Object.entries(value ? IN_PROGRESS : IDLE).forEach(([name, words]) => find('.su-progress').setAttribute(name, words));
  Object.keys(value ? IDLE : IN_PROGRESS).forEach(name => find('.su-progress').removeAttribute(name));
  if (hadFocus) part(value ? 'cancel' : 'generate')?.focus();
};

const drawProgress = value => {
  const bar = find('.su-progress');
  const known = value.total > 0;
  const share = known ? value.step / value.total : 0;
  bar.classList.toggle('su-progress-unknown', !known);
  bar.firstElementChild.style.width = known ? (100 * share).toFixed(1) + '%' : '';
  if (known) bar.setAttribute('aria-valuenow', Math.round(100 * share)); else bar.removeAttribute('aria-valuenow');
  const left = value.eta_s == null ? '' : ' · ' + (value.eta_s < 1.5 ? 'a moment left' : Math.round(value.eta_s) + ' s left');
  find('.su-status').textContent = value.message + (known ? ' · step ' + value.step + ' of ' + value.total + left : ' …');
  find('.su-detail').textContent = '';
  const now = Math.floor(share * 4);
  if (now !== quarter && known) announce(Math.round(share * 100) + ' percent' + left.replace(' · ', ', '));
  quarter = now;
  return share;
};

// Whether a value is about a run that is still of interest: not over, and not overtaken by another.
const isNews = run => {
  if (run < newest || run === ended) return false;
  newest = run;
  answered = true;
  return true;
};

const beginProgress = () => {
  answered = false;
  quarter = 0;
  setBusy(true);
  drawProgress({ step: 0, total: 0, message: 'Starting' });
  announce('Started');
  const frame = find('.su-frame').getBoundingClientRect();
  if (frame.top + frame.height / 2 > window.innerHeight || frame.top + frame.height / 2 < 0) {
    find('.su-frame').scrollIntoView({ block: 'center', behavior: 'smooth' });
  }
};

const endProgress = () => {
  setBusy(false);
  const bar = find('.su-progress');
  bar.firstElementChild.style.width = '0';
  bar.classList.remove('su-progress-unknown');
  bar.removeAttribute('aria-valuenow');
};

// Follow the tab's buttons; begin() when a run is asked for, end(words) when it did not start.
const followButtons = (begin, end) => {
  document.addEventListener('click', event => {
    if (!busy && event.target.closest('#' + props.tab + '-generate')) begin();
    if (busy && event.target.closest('#' + props.tab + '-cancel')) find('.su-status').textContent = 'Stopping …';
  });
  // The server says nothing when its queue is full or the connection is lost: the button comes back all the same.
  document.addEventListener('su-settled', event => {
    const { tab, failed } = event.detail;
    if (tab === props.tab) setTimeout(() => {
      if (busy && (failed || !answered)) end('That did not start: the studio is busy or out of reach. Try again in a moment.');
    }, failed ? 400 : 10000);
  });
};

// Tell the gallery of a finished result: what it shows, its settings and the files it was made from.
const announceMade = (value, result) => document.dispatchEvent(new CustomEvent('su-made', {
  detail: { tab: props.tab, result, settings: value.settings || null, inputs: value.inputs || {} },
}));

// Earlier results as buttons: covers(result) are the addresses of the pictures of each, `css` its class.
const drawEarlier = (results, shown, css, covers) => {
  find('.su-history').hidden = results.length < 2;
  find('.su-history ul').replaceChildren(...results.map(result => {
    const item = make('li', ''), button = make('button', 'su-thumb ' + css);
    button.type = 'button';
    button.dataset.result = result.id;
    button.setAttribute('aria-label', result.title);
    if (shown?.id === result.id) button.setAttribute('aria-current', 'true');
    covers(result).forEach(src => {
      const image = make('img', '');
      image.src = src;
      image.alt = '';
      button.append(image);
    });
    item.append(button);
    return item;
  }));
};
const fileLink = (file, name, words) => {
  const link = make('a', 'su-action', words);
  link.href = file.url;
  link.download = name;
  return link;
};

// Follow the buttons below a result: about(button) is what Python is told of it, {id, index}, or nothing.
const followActions = about => element.addEventListener('click', event => {
  const button = event.target.closest('.su-reuse, .su-share-as, .su-send');
  const result = button && about(button);
  if (!result) return;
  if (button.matches('.su-send')) trigger('send', { ...result, to: button.dataset.to });
  else if (button.matches('.su-share-as')) trigger('share_settings', { ...result, as: button.dataset.as });
  else trigger('reuse', result);
});
