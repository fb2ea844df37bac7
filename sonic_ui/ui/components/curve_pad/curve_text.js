// A curve as text: one number a row, or rows of seconds and number; commas, semicolons, tabs or spaces between.
const MOST = 200000;
const readNumbers = (text, seconds) => {
  const rows = text.trim().split(/\r?\n/).map(row => row.trim()).filter(Boolean);
  const cells = rows.map(row => row.split(/[;,\t ]+/).filter(Boolean));
  if (cells.length && cells[0].some(cell => Number.isNaN(Number(cell)))) cells.shift(); // a heading
  const wrong = cells.flat().find(cell => !Number.isFinite(Number(cell)));
  if (wrong !== undefined) return { problem: `“${wrong.slice(0, 20)}” is no number. Give numbers from 0 to 1.` };
  const paired = cells.length > 1 && cells.every(row => row.length === 2);
  const numbers = (paired ? cells.map(row => row[1]) : cells.flat()).map(Number);
  if (!numbers.length) return { problem: 'At least one number is needed.' };
  if (numbers.length > MOST) return { problem: `There are ${numbers.length} numbers; at most ${MOST} are read.` };
  const most = numbers.reduce((a, b) => Math.max(a, b)), least = numbers.reduce((a, b) => Math.min(a, b));
  if (least < 0) return { problem: `The smallest number is ${least}; give numbers from 0 (silent) to 1 (loudest).` };
  const scale = most > 1 ? 1 / most : 1;
  const levels = numbers.map(number => number * scale);
  const words = most > 1 ? `The largest number was ${most}: all were divided by it.` : 'The numbers are drawn.';
  return { words, values: paired ? overTime(cells.map(row => Number(row[0])), levels, seconds) : levels };
};
// Levels at moments in any order, evenly spaced over the whole time; the ends go on as they are.
const overTime = (moments, levels, seconds) => {
  const order = moments.map((_, index) => index).sort((a, b) => moments[a] - moments[b]);
  const count = 500;
  let next = 0;
  return Array.from({ length: count }, (_, index) => {
    const moment = (index + 0.5) / count * seconds;
    while (next < order.length && moments[order[next]] < moment) next += 1;
    if (next === 0) return levels[order[0]];
    if (next === order.length) return levels[order[next - 1]];
    const [a, b] = [order[next - 1], order[next]];
    const share = (moment - moments[a]) / (moments[b] - moments[a] || 1);
    return levels[a] + (levels[b] - levels[a]) * share;
  });
};
const written = (values, seconds) => !values ? '' : ['seconds,energy', ...values.map((level, index) =>
  ((index + 0.5) / values.length * seconds).toFixed(3) + ',' + level.toFixed(4))].join('\n') + '\n';
const download = (text, name) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};
