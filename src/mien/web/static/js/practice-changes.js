// When a person's expression changes in a clip, and which presses met a change. Pure: readings in, numbers out.

export const WINDOW_S = 1.5; // a press this near to a change has met it
const LASTS_S = 0.5; // what is shorter is no change
const TWICE_S = 0.4; // a second press within this time is the same one

/** Answers of `POST /api/read` as what was sure of each person: Map id -> { seen, places, sure: [{ time, label }] }. */
function byPerson(answers) {
  const people = new Map();
  for (const { reading, words } of answers) {
    reading.faces.forEach((face, index) => {
      const id = face.track_id ?? index;
      if (!people.has(id)) people.set(id, { seen: 0, places: [], sure: [] });
      const person = people.get(id);
      person.seen += 1;
      person.places.push((face.box[0] + face.box[2]) / 2 / reading.width);
      if (words[index]?.sure) person.sure.push({ time: reading.time_s, label: words[index].label });
    });
  }
  return people;
}

/** The changes of one person: [{ time, before, after }]. What is not sure is passed over. */
export function changesOf(sure) {
  const parts = [];
  for (const { time, label } of sure) {
    const last = parts.at(-1);
    if (last?.label === label) last.until = time;
    else parts.push({ label, time, until: time });
  }
  const found = [];
  let before = null;
  for (const part of parts.filter(({ time, until }) => until - time >= LASTS_S)) {
    if (before !== null && before !== part.label) found.push({ time: part.time, before, after: part.label });
    before = part.label;
  }
  return found;
}

/** Whom to follow: the person who changes most, of these the one most seen. { changes, place, isAlone }, or null. */
export function toFollow(answers) {
  const people = [...byPerson(answers).values()].map((person) => ({ ...person, changes: changesOf(person.sure) }));
  people.sort((a, b) => b.changes.length - a.changes.length || b.seen - a.seen);
  const [first] = people;
  if (!first?.changes.length) return null;
  const middle = first.places.reduce((a, b) => a + b) / first.places.length;
  const place = middle < 1 / 3 ? "left" : middle > 2 / 3 ? "right" : "middle";
  return { changes: first.changes, place, isAlone: people.length === 1 };
}

/** Presses without those that came twice. */
export function withoutRepeats(presses) {
  const kept = [];
  for (const time of presses) if (!kept.length || time - kept.at(-1) >= TWICE_S) kept.push(time);
  return kept;
}

/** Which changes were met: { hits: [press | null per change], extra: [presses] }. Each press meets one change. */
export function score(changes, presses) {
  const left = withoutRepeats([...presses].sort((a, b) => a - b));
  const hits = changes.map(({ time }) => {
    // In order, the first that fits: with windows of one length no other choice meets more.
    const found = left.findIndex((press) => Math.abs(press - time) <= WINDOW_S);
    return found < 0 ? null : left.splice(found, 1)[0];
  });
  return { hits, extra: left };
}
