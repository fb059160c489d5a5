"""Chapter 3, ログ管理: taking logs in by the document's levels and kinds, keeping them as long as it says."""
