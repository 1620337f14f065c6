import type { Label } from '@inlet/protocol/entities'

/** The chips of a row: a person's own labels, without the one being looked at. */
export function chipLabels(
  labelIds: readonly string[],
  labels: ReadonlyMap<string, Label>,
  shown: string | null,
): readonly Label[] {
  const chips = labelIds.flatMap(id => labels.get(id) ?? [])
  return chips.filter(label => label.role === null && !label.hidden && label.id !== shown)
}
