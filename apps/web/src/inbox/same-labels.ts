import type { LabelView } from '@inlet/client/views'

const nameOf = (label: LabelView) => label.name.trim().toLowerCase()

/** With all accounts on view, labels of one name are one label. Every label of the view that `labelId` stands for. */
export function sameLabels(
  labels: readonly LabelView[],
  labelId: string | null,
  accountId: string | null,
): readonly LabelView[] {
  const label = labels.find(each => each.id === labelId)
  if (!label) return []
  if (accountId !== null) return [label]
  return labels.filter(each => each.role === label.role && nameOf(each) === nameOf(label))
}

/** One label for each name, in the order given. */
export function oneOfEachName(labels: readonly LabelView[]): LabelView[] {
  const seen = new Set<string>()
  return labels.filter(label => {
    const name = nameOf(label)
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}
