// Name and engine: {state: "waiting" | "loading" | "ready" | "failed", text}.
const draw = () => {
  const value = props.value || {};
  element.querySelector('.su-engine').dataset.state = value.state || 'waiting';
  element.querySelector('.su-engine-text').textContent = value.text || '';
};
watch('value', draw);
draw();
