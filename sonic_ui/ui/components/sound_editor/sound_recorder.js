// Records the microphone as it is, without the browser's suppression of noise: rain is noise. `startRecording(told)` calls
// told({seconds, level_db, columns}) about 20 times a second; `stopRecording()` gives a WAV file, or null if nothing came.
const CHUNK = 2048;
const WORKLET = `registerProcessor('su-recorder', class extends AudioWorkletProcessor {
  constructor() { super(); this.chunk = new Float32Array(${CHUNK}); this.at = 0; }
  process([channels]) {
    const count = channels.length;
    for (let index = 0; count && index < channels[0].length; index += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[index];
      this.chunk[this.at] = sum / count;
      this.at += 1;
      if (this.at === ${CHUNK}) { this.port.postMessage(this.chunk); this.chunk = new Float32Array(${CHUNK}); this.at = 0; }
    }
    return true;
  }
});`;
const REFUSED = {
  NotAllowedError: 'The browser may not use the microphone. Allow it beside the address, then press Record again.',
  NotFoundError: 'No microphone was found. Connect one, or open a file.',
  NotReadableError: 'Another program uses the microphone. Close it there, then press Record again.',
};
let recorder = null;       // {context, stream, chunks, columns}

const startRecording = async told => {
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    throw new Error('This browser records only on pages that are served over https or from this computer. Open a file instead.');
  }
  let stream, context;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    context = new AudioContext();
    const address = URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(address);
    URL.revokeObjectURL(address);
  } catch (problem) {
    stream?.getTracks().forEach(track => track.stop());
    context?.close();
    throw new Error(REFUSED[problem.name] || `The microphone did not start (${problem.message || problem.name}). Open a file instead.`);
  }
  const own = { context, stream, chunks: [], columns: [] };
  const node = new AudioWorkletNode(context, 'su-recorder');
  node.port.onmessage = ({ data }) => {
    if (recorder !== own) return;
    let low = 0, high = 0;
    for (const value of data) { low = Math.min(low, value); high = Math.max(high, value); }
    own.chunks.push(data);
    own.columns.push([Math.max(-1, low), Math.min(1, high)]);
    told({ seconds: own.chunks.length * CHUNK / context.sampleRate, level_db: 20 * Math.log10(Math.max(high, -low, 1e-6)), columns: own.columns });
  };
  context.createMediaStreamSource(stream).connect(node);
  node.connect(context.destination); // it says nothing, but is asked only so
  recorder = own;
};

const wav = (chunks, rate) => {
  const count = chunks.length * CHUNK, view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, words) => [...words].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF'); view.setUint32(4, 36 + 2 * count, true); text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, 'data'); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const chunk of chunks) for (const value of chunk) { view.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true); at += 2; }
  return new Blob([view.buffer], { type: 'audio/wav' });
};

const stopRecording = () => {
  const own = recorder;
  recorder = null;
  if (!own) return null;
  own.stream.getTracks().forEach(track => track.stop());
  own.context.close();
  const time = new Date().toTimeString().slice(0, 8).replaceAll(':', '');
  return own.chunks.length ? new File([wav(own.chunks, own.context.sampleRate)], `recording-${time}.wav`, { type: 'audio/wav' }) : null;
};
