"""What each page of the site holds; how pages are written is the parent folder's."""
