import type { LabelPatch, PulledPage } from '@inlet/sync/provider-port'

export type FakeRecord =
  | { type: 'added'; id: string; version: bigint }
  | { type: 'labels'; id: string; version: bigint; add: string[]; remove: string[] }
  | { type: 'deleted'; id: string; version: bigint }

/** Records as a page of changes. `known`: labels that were listed; a patch with another one says that labels changed. */
export function pageOf(records: FakeRecord[], cursor: string | null, known: ReadonlySet<string>): PulledPage {
  const patches: LabelPatch[] = []
  const page: PulledPage = { upserts: [], touched: [], patches, deletions: [], cursor, labelsChanged: false }
  for (const record of records) {
    const { id, version } = record
    if (record.type === 'added') page.touched.push({ id, version })
    else if (record.type === 'deleted') page.deletions.push({ id, version })
    else {
      const { add, remove } = record
      page.labelsChanged ||= add.some(label => !known.has(label))
      const flag = (label: string) => (add.includes(label) ? true : remove.includes(label) ? false : null)
      patches.push({ id, version, add, remove, unread: flag('UNREAD'), starred: flag('STARRED') })
    }
  }
  return page
}
