// Frames on a canvas, each faded in over about the time until the next: a few a second look like motion.
const canvas = element.querySelector('.su-live-canvas'), pen = canvas.getContext('2d');
const under = document.createElement('canvas');
const still = window.matchMedia('(prefers-reduced-motion: reduce)');
const fading = { picture: null, begun: 0, ms: 0, last: 0, mean: 400, drawing: false };

const drawFade = now => {
  const share = fading.ms ? Math.min(1, (now - fading.begun) / fading.ms) : 1;
  pen.globalAlpha = 1;
  pen.drawImage(under, 0, 0);
  pen.globalAlpha = share;
  pen.drawImage(fading.picture, 0, 0, canvas.width, canvas.height);
  fading.drawing = share < 1;
  if (fading.drawing) requestAnimationFrame(drawFade);
};
const showFrame = async jpeg => {
  const picture = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
  const now = performance.now(), isFirst = !fading.picture;
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    for (const one of [canvas, under]) Object.assign(one, { width: picture.width, height: picture.height });
  }
  under.getContext('2d').drawImage(canvas, 0, 0);
  if (fading.last) fading.mean += 0.3 * (Math.min(2000, now - fading.last) - fading.mean);
  Object.assign(fading, { picture, begun: now, last: now, ms: isFirst || still.matches ? 0 : Math.max(100, Math.min(1000, 0.9 * fading.mean)) });
  if (!fading.drawing) requestAnimationFrame(drawFade);
};
const canvasFile = () => new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', 0.92));
