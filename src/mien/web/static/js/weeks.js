// Weeks and how times are said: the last eight weeks from Monday on, dates and clocks in the page's language.

export const WEEKS = 8;
const DAY_MS = 86_400_000;

/** The Monday, 0:00 here, of the week that a time lies in. */
export function mondayOf(time) {
  const day = new Date(time);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day;
}

/** The Mondays of the last `count` weeks, oldest first; the last one is that of `now`. */
export function lastWeeks(now = new Date(), count = WEEKS) {
  return Array.from({ length: count }, (_, index) => {
    const monday = mondayOf(now);
    monday.setDate(monday.getDate() - 7 * (count - 1 - index)); // by the calendar: a week may be an hour longer
    return monday;
  });
}

/** Which of `weeks` a time lies in; -1 for none. */
export function weekOf(time, weeks) {
  const monday = mondayOf(time).getTime();
  return weeks.findIndex((week) => Math.abs(week.getTime() - monday) < DAY_MS / 2);
}

/** How this page says dates and clocks: { date, day, clock } are functions of a Date or an ISO text. */
export function dates(language) {
  const locale = `${language}-u-nu-latn`; // European digits, as everywhere on the page
  const saying = (options) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (time) => format.format(new Date(time));
  };
  return {
    date: saying({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    day: saying({ day: "numeric", month: "short" }),
    clock: saying({ hour: "numeric", minute: "2-digit" }),
  };
}

/** A part of one as per cent, in the page's language. */
export function percent(part, language) {
  return new Intl.NumberFormat(`${language}-u-nu-latn`, { style: "percent" }).format(part);
}

/** Seconds as "1:05" or "1:02:05". */
export function minutes(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${parts.join(":")}` : `${Number(parts[0])}:${parts[1]}`;
}
