import { Archive, File, Inbox, type LucideIcon, OctagonAlert, Send, Star, Tag, Trash2 } from 'lucide-react'
import type { FolderRole } from '../view.ts'

export const folderIcon: Record<FolderRole, LucideIcon> = {
  inbox: Inbox,
  starred: Star,
  important: Tag,
  sent: Send,
  drafts: File,
  archive: Archive,
  spam: OctagonAlert,
  trash: Trash2,
}
