/** Every Gmail method this adapter calls, as the quota page names them. */
export type GmailMethod =
  | 'getProfile'
  | 'labels.list'
  | 'labels.get'
  | 'history.list'
  | 'messages.list'
  | 'messages.get'
  | 'messages.attachments.get'
  | 'messages.modify'
  | 'messages.batchModify'
  | 'messages.trash'
  | 'messages.untrash'
  | 'messages.send'
  | 'drafts.list'
  | 'drafts.create'
  | 'drafts.update'
  | 'settings.sendAs.list'
  | 'watch'
  | 'stop'

/** What each call costs in Gmail's quota units. */
export type QuotaTable = Readonly<Record<GmailMethod, number>>

/**
 * Projects created since May 2026, and after notice all others (Gmail quota page, May 2026). 6,000 units a minute per
 * user: 300 messages read.
 */
const UNITS_2026: QuotaTable = {
  getProfile: 1,
  'labels.list': 1,
  'labels.get': 1,
  'history.list': 2,
  'messages.list': 5,
  'messages.get': 20,
  'messages.attachments.get': 20,
  'messages.modify': 5,
  'messages.batchModify': 50,
  'messages.trash': 20,
  'messages.untrash': 5,
  'messages.send': 100,
  'drafts.list': 5,
  'drafts.create': 10,
  'drafts.update': 15,
  'settings.sendAs.list': 1,
  watch: 100,
  stop: 50,
}

/** The older table: 15,000 units a minute per user: 3,000 messages read. */
const UNITS_CLASSIC: QuotaTable = {
  ...UNITS_2026,
  'messages.get': 5,
  'messages.attachments.get': 5,
  'messages.trash': 5,
}

export const BUDGET_2026 = 6_000

/** New projects cannot have more than 6,000 units a minute, so a larger budget means the older table. */
export function tableFor(unitsPerMinute: number | null): QuotaTable {
  return unitsPerMinute !== null && unitsPerMinute > BUDGET_2026 ? UNITS_CLASSIC : UNITS_2026
}
