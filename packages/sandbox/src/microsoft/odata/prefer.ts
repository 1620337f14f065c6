/** What a request's `Prefer` headers ask for. They count for this one request. */
export interface Preferences {
  immutableIds: boolean
  /** Null when not given. */
  maxPageSize: number | null
  bodyType: 'text' | 'html' | null
  unsafeHtml: boolean
  /** For the answer's Preference-Applied header. */
  applied: string[]
}

export function readPreferences(header: string | string[] | undefined): Preferences {
  const text = [header ?? []].flat().join(', ')
  const size = /\bodata\.maxpagesize\s*=\s*"?(\d+)/i.exec(text)?.[1]
  const immutableIds = /\bIdType\s*=\s*"?ImmutableId"?/i.test(text)
  const bodyType = /\boutlook\.body-content-type\s*=\s*"?(text|html)"?/i.exec(text)?.[1]?.toLowerCase()
  const applied = []
  if (size !== undefined) applied.push(`odata.maxpagesize=${size}`)
  if (immutableIds) applied.push('IdType="ImmutableId"')
  if (bodyType !== undefined) applied.push(`outlook.body-content-type="${bodyType}"`)
  return {
    immutableIds,
    maxPageSize: size === undefined ? null : Math.max(1, Math.min(1000, Number(size))),
    bodyType: bodyType === 'text' || bodyType === 'html' ? bodyType : null,
    unsafeHtml: /\boutlook\.allow-unsafe-html\b/i.test(text),
    applied,
  }
}
