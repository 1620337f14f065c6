import { differenceInCalendarDays, format, isSameYear } from 'date-fns'

const number = new Intl.NumberFormat('en')

/** 12340 → "12,340". */
export const count = (value: number): string => number.format(value)

/** 1, "message" → "1 message"; 3 → "3 messages". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** "14:02", or with the day when it is another one. */
export function clock(at: number, now: number): string {
  const days = differenceInCalendarDays(now, at)
  if (days === 0) return format(at, 'HH:mm')
  return isSameYear(at, now) ? format(at, 'd MMM, HH:mm') : format(at, 'd MMM yyyy, HH:mm')
}

/** Short, for a list row: "now", "12 min", "14:02", "Tue", "12 Nov", "12 Nov 2002". */
export function rowTime(at: number, now: number): string {
  const seconds = (now - at) / 1000
  if (seconds >= -60 && seconds < 60) return 'now'
  if (seconds >= 0 && seconds < 3600) return `${Math.floor(seconds / 60)} min`
  const days = differenceInCalendarDays(now, at)
  if (days === 0) return format(at, 'HH:mm')
  if (days > 0 && days < 7) return format(at, 'EEE')
  return format(at, isSameYear(at, now) ? 'd MMM' : 'd MMM yyyy')
}

/** "Saturday, 21 November 2026, 14:02". */
export const fullTime = (at: number): string => format(at, 'EEEE, d MMMM yyyy, HH:mm')

/** A span in the largest fitting unit: "12 s", "4 min", "3 h", "6 days". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return plural(Math.floor(seconds / 86_400), 'day')
}

/** "12 s ago", or "just now" in the first 3 seconds. */
export const ago = (at: number, now: number): string =>
  now - at < 3_000 ? 'just now' : `${span(now - at)} ago`

/** 1536 → "1.5 KB". */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`
  const units = ['KB', 'MB', 'GB']
  let value = size / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
