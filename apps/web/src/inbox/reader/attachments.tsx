import type { Attachment } from '@inlet/protocol/messages-api'
import { Download, File, FileArchive, FileImage, FileText } from 'lucide-react'
import { bytes } from '@/ui/format.ts'

function iconOf({ mimeType }: Attachment) {
  if (mimeType.startsWith('image/')) return FileImage
  if (/zip|tar|compressed/.test(mimeType)) return FileArchive
  return /text|pdf|document/.test(mimeType) ? FileText : File
}

export function Attachments({ attachments }: { attachments: readonly Attachment[] }) {
  const listed = attachments.filter(attachment => !attachment.inline)
  if (listed.length === 0) return null
  return (
    <ul aria-label="Attachments" className="mt-4 flex flex-wrap gap-2">
      {listed.map(attachment => {
        const Icon = iconOf(attachment)
        return (
          <li key={attachment.id}>
            <a
              href={`/api/attachments/${encodeURIComponent(attachment.id)}`}
              download={attachment.filename}
              className="group flex h-10 max-w-64 items-center gap-2.5 rounded-md border border-line px-3 hover:bg-hover"
            >
              <Icon className="size-4 shrink-0 text-faint" strokeWidth={1.75} aria-hidden />
              <span className="min-w-0 flex-1 truncate">{attachment.filename || 'Untitled'}</span>
              <span className="text-2xs text-faint">{bytes(attachment.sizeBytes)}</span>
              <Download className="size-3.5 shrink-0 text-faint group-hover:text-text" aria-hidden />
            </a>
          </li>
        )
      })}
    </ul>
  )
}
