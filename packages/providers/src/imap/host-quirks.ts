/** Where a server differs from what it says or from what others do. What is not listed is learned while running. */
export type HostQuirks = {
  /** Whether QRESYNC may be used if it is offered. */
  qresync: boolean
  /** IDLE is issued again after so many ms; null: as everywhere. */
  idleMs: number | null
  /** What is sent through its SMTP appears in Sent by itself: appending would double it. */
  savesSent: boolean
}

const QUIRKS: readonly (readonly [RegExp, Partial<HostQuirks>])[] = [
  [/(^|\.)(gmail|googlemail)\.com$/, { savesSent: true }],
  [/(^|\.)(outlook|office365|hotmail)\.com$/, { savesSent: true }],
  [/(^|\.)mail\.(yahoo|aol)\.com$|(^|\.)aol\.com$/, { savesSent: true }],
  // VANISHED is reported to come malformed.
  [/(^|\.)mail\.me\.com$/, { qresync: false }],
  // Ends an IDLE after some 200 s.
  [/(^|\.)(163\.com|126\.com|yeah\.net)$/, { idleMs: 150_000 }],
]

export function quirksOf(host: string): HostQuirks {
  const name = host.trim().toLowerCase().replace(/\.$/, '')
  const found = QUIRKS.find(([pattern]) => pattern.test(name))
  return { qresync: true, idleMs: null, savesSent: false, ...found?.[1] }
}
