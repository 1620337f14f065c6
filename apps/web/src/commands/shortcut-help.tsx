'use client'

import { Dialog } from '@/ui/dialog.tsx'
import { Keys } from '@/ui/keys.tsx'
import { shortcutIds, shortcuts } from './shortcuts.ts'

const groups = [...new Set(shortcutIds.map(id => shortcuts[id].group))]

export function ShortcutHelp({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts" wide>
      <div className="mt-3 gap-x-10 sm:columns-2">
        {groups.map(group => (
          <section key={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1.5 text-xs font-medium text-faint">{group}</h3>
            <dl>
              {shortcutIds
                .filter(id => shortcuts[id].group === group)
                .map(id => (
                  <div key={id} className="flex h-7 items-center justify-between gap-4">
                    <dt>{shortcuts[id].title}</dt>
                    <dd>
                      <Keys keys={shortcuts[id].keys[0]} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
