import { bad } from './refusal.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const DAY_MS = 86_400_000

/** Epoch ms as INTERNALDATE, in UTC: ` 1-Jan-2026 12:00:00 +0000`. */
export function formatDate(ms: number): string {
  const date = new Date(ms)
  const day = String(date.getUTCDate()).padStart(2, ' ')
  const time = date.toISOString().slice(11, 19)
  return `${day}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')} ${time} +0000`
}

/** A date-time of APPEND to epoch ms. */
export function parseDateTime(text: string): number {
  const found = /^([ \d]\d-\w{3}-\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text)
  if (!found) return bad(`"${text}" is no date and time`)
  const [, day = '', hours, minutes, seconds, sign, zoneHours, zoneMinutes] = found
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1)
  const time = (Number(hours) * 60 + Number(minutes) - zone) * 60 + Number(seconds)
  return parseDay(day.trim()) + time * 1000
}

/** A day of SEARCH, `1-Jan-2026`, to the epoch ms at which it begins in UTC. */
export function parseDay(text: string): number {
  const found = /^(\d{1,2})-(\w{3})-(\d{4})$/.exec(text)
  const month = MONTHS.findIndex(name => name.toLowerCase() === found?.[2]?.toLowerCase())
  const ms = found && month !== -1 ? Date.UTC(Number(found[3]), month, Number(found[1])) : Number.NaN
  return Number.isNaN(ms) ? bad(`"${text}" is no date`) : ms
}
