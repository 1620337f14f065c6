import type { Label } from '@inlet/protocol/entities'

const nameOf = (label: Label) => label.name.trim().toLowerCase()

/** With all accounts on view, labels of one name are one label. Every label of the view that `labelId` stands for. */
export function sameLabels(
  labels: readonly Label[],
  labelId: string | null,
  accountId: string | null,
): readonly Label[] {
  const label = labels.find(each => each.id === labelId)
  if (!label) return []
  if (accountId !== null) return [label]
  return labels.filter(each => each.role === label.role && nameOf(each) === nameOf(label))
}

/** One label for each name, in the order given. */
export function oneOfEachName(labels: readonly Label[]): Label[] {
  const seen = new Set<string>()
  return labels.filter(label => {
    const name = nameOf(label)
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}
