// Two sounds against each other: both run at once and as loud as each other, and one of them is heard; the other takes its place
// where it is, while it plays. Of sounds of unequal length the time that they share is played.
const SWITCH_S = 0.02;
const SILENT_LUFS = -60;   // nothing is turned up to what is silent
const BUFFERS = 6;         // decoded sounds that are kept
const soundCompare = (place, tellShare, begins) => {
  const part = selector => place.querySelector(selector);
  const buffers = new Map();
  let context = null, sources = [], gains = [];
  let sounds = [];           // all that can be chosen: {key, title, url, seconds, lufs, waveform}
  let pair = [null, null];   // their keys
  let heard = 0, looped = false;
  let playing = false, begun = 0, offset = 0, number = 0;

  const chosen = () => pair.map(key => sounds.find(sound => sound.key === key));
  const length = () => Math.min(...chosen().map(sound => sound?.seconds || 0));
  const position = () => {
    if (!playing || !context) return offset;
    const at = offset + Math.max(0, context.currentTime - begun);
    return looped ? at % length() : Math.min(at, length());
  };
  const level = () => Math.min(...chosen().map(sound => sound.lufs));
  const gainOf = sound => (level() < SILENT_LUFS ? 1 : 10 ** ((level() - sound.lufs) / 20));
  const buffer = async sound => {
    if (!buffers.has(sound.url)) {
      const data = await (await fetch(sound.url)).arrayBuffer();
      buffers.set(sound.url, await context.decodeAudioData(data));
      if (buffers.size > BUFFERS) buffers.delete(buffers.keys().next().value);
    }
    return buffers.get(sound.url);
  };

  const stop = () => {
    offset = position();
    playing = false;
    number += 1;
    sources.forEach(source => { source.onended = null; source.stop(); });
    sources = [];
    draw();
  };
  const play = async () => {
    context ??= new AudioContext();
    const mine = number += 1, [a, b] = chosen();
    if (!a || !b) return;
    begins();
    await context.resume();
    let decoded;
    try {
      decoded = [await buffer(a), await buffer(b)];
    } catch (_) {
      part('.su-ab-words').textContent = 'These sounds could not be read. Make them again.';
      return;
    }
    if (mine !== number) return;
    if (offset >= length() - 0.01) offset = 0;
    begun = context.currentTime + 0.03;
    gains = decoded.map(() => context.createGain());
    sources = decoded.map((one, nth) => {
      const source = context.createBufferSource();
      Object.assign(source, { buffer: one, loop: looped, loopStart: 0, loopEnd: length() });
      gains[nth].gain.value = nth === heard ? gainOf([a, b][nth]) : 0;
      source.connect(gains[nth]).connect(context.destination);
      if (looped) source.start(begun, offset); else source.start(begun, offset, length() - offset);
      return source;
    });
    sources[0].onended = () => { if (playing && !looped) { offset = 0; playing = false; sources = []; draw(); } };
    playing = true;
    draw();
    follow();
  };
  const follow = () => {
    drawHead();
    if (playing && place.isConnected) requestAnimationFrame(follow);
  };
  const hear = nth => {
    heard = nth;
    if (playing) gains.forEach((gain, index) => gain.gain.setTargetAtTime(index === nth ? gainOf(chosen()[index]) : 0, context.currentTime, SWITCH_S / 3));
    draw();
  };
  const again = change => { // something changed that a sound that plays cannot take on
    const was = playing;
    if (was) stop();
    change();
    offset = Math.min(offset, length());
    draw();
    if (was) play();
  };
  const seek = seconds => again(() => { offset = seconds; });

  // Drawing

  const tracks = ['A', 'B'].map((name, nth) => {
    const peaks = path('su-take-peaks', ''), head = path('su-take-now', '');
    const svg = drawing('su-ab-wave', `Waveform of ${name}`, peaks, head);
    svg.addEventListener('click', event => seek(length() * shareAt(svg, event)));
    part('.su-ab-tracks').append(svg);
    return { svg, peaks, head, nth };
  });
  const tellSlider = asSlider(part('.su-ab-tracks'), 'Position in both sounds', () => ({ at: position(), length: length() }), seek, () => (playing ? stop() : play()));
  const drawHead = () => {
    const at = position();
    tracks.forEach(({ head }) => head.setAttribute('d', at ? `M${1000 * at / length()} 0V100` : ''));
    part('.su-ab-time').textContent = `${clock(at)} of ${clock(length())}`;
    tellSlider();
    tellShare(playing ? at / length() : null);
  };
  const draw = () => {
    const two = chosen();
    place.hidden = sounds.length < 2 || !two[0] || !two[1];
    if (place.hidden) return;
    place.querySelectorAll('.su-ab-choice').forEach((select, nth) => {
      select.replaceChildren(...sounds.map(sound => {
        const option = make('option', '', sound.title);
        option.value = sound.key;
        option.selected = sound.key === pair[nth];
        return option;
      }));
    });
    tracks.forEach(({ svg, peaks, nth }) => {
      const share = length() / two[nth].seconds, shown = two[nth].waveform;
      peaks.setAttribute('d', wave(shown.slice(0, Math.max(2, Math.round(shown.length * share)))));
      svg.dataset.heard = String(nth === heard);
    });
    place.querySelectorAll('.su-ab-hear').forEach((one, nth) => toggle(one, nth === heard));
    toggle(part('.su-ab-loop'), looped);
    part('.su-ab-play').textContent = playing ? 'Pause' : 'Play';
    const silent = level() < SILENT_LUFS;
    part('.su-ab-words').textContent = silent ? 'One of them is silent: both play as they are.'
      : `Both play as loud as each other, at ${level().toFixed(1).replace('-', '−')} LUFS.`;
    drawHead();
  };

  place.addEventListener('change', event => {
    const nth = [...place.querySelectorAll('.su-ab-choice')].indexOf(event.target);
    if (nth >= 0) again(() => { pair[nth] = event.target.value; });
  });
  place.addEventListener('click', event => {
    if (event.target.closest('.su-ab-play')) { if (playing) stop(); else play(); }
    const nth = [...place.querySelectorAll('.su-ab-hear')].indexOf(event.target.closest('.su-ab-hear'));
    if (nth >= 0) hear(nth);
    if (event.target.closest('.su-ab-loop')) again(() => { looped = !looped; });
  });
  return {
    stop: () => { if (playing) stop(); else number += 1; },
    // The sounds that can be compared, those of the result that is shown first.
    offer: listed => {
      if (playing) stop();
      sounds = listed;
      offset = 0;
      heard = 0;
      pair = [listed[0]?.key, listed[1]?.key];
      draw();
    },
  };
};
