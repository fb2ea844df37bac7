// A quiet line of text: the value. It tells that it stands there with 'appear'.
const draw = () => {
  const line = element.querySelector('.su-line');
  line.textContent = props.value || '';
  line.hidden = !props.value;
};
watch('value', draw);
draw();
trigger('appear');
