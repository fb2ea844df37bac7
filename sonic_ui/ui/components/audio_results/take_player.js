// One sound with its energy, its waveform and the buttons that play it. Warm is what was asked for, cool what came out, as on the pad.
const NAMESPACE = 'http://www.w3.org/2000/svg';
const STEP_S = 0.25;
const high = level => (97 - level * 92).toFixed(2);
const line = values => values.map((level, index) => `${index ? 'L' : 'M'}${((index + 0.5) * 1000 / values.length).toFixed(1)} ${high(level)}`).join('');
const wave = peaks => {
  const at = index => ((index + 0.5) * 1000 / peaks.length).toFixed(1), half = peak => Math.max(0.6, 46 * peak);
  return peaks.map((peak, index) => `${index ? 'L' : 'M'}${at(index)} ${(50 - half(peak)).toFixed(1)}`).join('')
    + [...peaks.keys()].reverse().map(index => `L${at(index)} ${(50 + half(peaks[index])).toFixed(1)}`).join('') + 'Z';
};
const clock = seconds => Math.floor(seconds / 60) + ':' + (seconds % 60).toFixed(1).padStart(4, '0');

const path = (className, d) => {
  const node = document.createElementNS(NAMESPACE, 'path');
  node.setAttribute('class', className);
  node.setAttribute('d', d);
  return node;
};
const drawing = (className, label, ...paths) => {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  Object.entries({ class: className, viewBox: '0 0 1000 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': label })
    .forEach(([name, value]) => svg.setAttribute(name, value));
  svg.append(...paths);
  return svg;
};
const shareAt = (svg, event) => {
  const box = svg.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};
const button = (className, text, data) => {
  const node = make('button', 'su-action ' + className, text);
  node.type = 'button';
  Object.assign(node.dataset, data);
  return node;
};
const toggle = (node, on) => node.setAttribute('aria-pressed', String(on));

// A place that seeks: a slider over the seconds of a sound. position(): {at, length} in seconds; seek(seconds).
const asSlider = (node, label, position, seek, toggled) => {
  Object.entries({ role: 'slider', tabindex: '0', 'aria-label': label, 'aria-valuemin': '0' }).forEach(([name, value]) => node.setAttribute(name, value));
  node.addEventListener('keydown', event => {
    const { at, length } = position(), step = event.shiftKey ? 4 * STEP_S : STEP_S;
    const next = { ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step, Home: 0, End: length }[event.key];
    if (event.key === ' ' || event.key === 'Enter') toggled();
    else if (next === undefined) return;
    else seek(Math.min(length, Math.max(0, next)));
    event.preventDefault();
  });
  return () => {
    const { at, length } = position();
    node.setAttribute('aria-valuemax', length.toFixed(2));
    node.setAttribute('aria-valuenow', at.toFixed(2));
    node.setAttribute('aria-valuetext', `${at.toFixed(1)} of ${length.toFixed(1)} seconds`);
  };
};

const legend = result => {
  const words = make('p', 'su-take-legend');
  words.setAttribute('aria-hidden', 'true');
  if (result.target) words.append(make('span', 'su-take-wished', 'asked for'));
  words.append(make('span', '', 'came out'));
  return words;
};

const takePlayer = (result, take, tellShare) => {
  const audio = make('audio', '');
  Object.assign(audio, { preload: 'metadata', src: take.sound.file.url });
  const length = () => audio.duration || result.seconds;
  const heads = [path('su-take-now', ''), path('su-take-now', '')];
  const energy = drawing('su-take-curves', `Energy over ${result.seconds} seconds. ${take.title}.`, path('su-take-energy', `${line(take.energy)}V97H0Z`),
    ...(result.target ? [path('su-take-wish', line(result.target))] : []), heads[0]);
  const waveform = drawing('su-take-wave', 'Waveform', path('su-take-peaks', wave(take.waveform)), heads[1]);
  const play = button('su-take-play', 'Play'), loop = button('su-take-loop', 'Loop'), time = make('span', 'su-take-time');
  toggle(loop, false);
  const toggled = () => { if (audio.paused) audio.play().catch(() => {}); else audio.pause(); };
  const seek = seconds => { audio.currentTime = seconds; };
  const tellSlider = asSlider(waveform, `Position in ${take.title}`, () => ({ at: audio.currentTime, length: length() }), seek, toggled);
  const follow = () => {
    const share = audio.currentTime / length();
    heads.forEach(head => head.setAttribute('d', audio.currentTime ? `M${1000 * share} 0V100` : ''));
    time.textContent = `${clock(audio.currentTime)} of ${clock(length())}`;
    play.textContent = audio.paused ? 'Play' : 'Pause';
    tellSlider();
    tellShare(audio.paused ? null : share);
    if (!audio.paused && audio.isConnected) requestAnimationFrame(follow);
  };
  ['play', 'pause', 'ended', 'seeked', 'loadedmetadata'].forEach(name => audio.addEventListener(name, follow));
  play.addEventListener('click', toggled);
  loop.addEventListener('click', () => {
    audio.loop = !audio.loop;
    toggle(loop, audio.loop);
  });
  [energy, waveform].forEach(svg => svg.addEventListener('click', event => seek(length() * shareAt(svg, event))));
  time.textContent = `${clock(0)} of ${clock(length())}`;
  tellSlider();
  const plot = make('div', 'su-take-plot');
  plot.append(energy, waveform, legend(result));
  const transport = make('div', 'su-take-transport');
  transport.append(play, loop, time, audio);
  return { plot, transport };
};
