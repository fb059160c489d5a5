"""Chapter 3, ログ管理: taking in logs by the document's levels and kinds, and their retention."""
