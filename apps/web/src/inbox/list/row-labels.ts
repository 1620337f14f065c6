import type { LabelView } from '@inlet/client/views'

/** The chips of a row: a person's own labels, without the one being looked at. */
export function chipLabels(
  labelIds: readonly string[],
  labels: ReadonlyMap<string, LabelView>,
  shown: string | null,
): readonly LabelView[] {
  const chips = labelIds.flatMap(id => labels.get(id) ?? [])
  return chips.filter(label => label.role === null && !label.hidden && label.id !== shown)
}
