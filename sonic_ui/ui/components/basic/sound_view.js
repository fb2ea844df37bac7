// The drawing of a sound: {src, alt, caption, waiting}; an empty src shows what it waits for, or the invitation to record.
const INVITATION = element.querySelector('.su-sound-empty').textContent;
const draw = () => {
  const value = props.value || {};
  const picture = element.querySelector('.su-drawing img');
  element.querySelector('.su-sound').dataset.state = value.src ? 'drawn' : 'empty';
  picture.hidden = !value.src;
  if (value.src) picture.src = value.src; else picture.removeAttribute('src');
  element.querySelector('.su-sound-empty').textContent = value.waiting || INVITATION;
  picture.alt = value.alt || '';
  element.querySelector('.su-sound-caption').textContent = value.caption || '';
};
watch('value', draw);
draw();
trigger('appear'); // the place is there: Python may draw what it holds already
