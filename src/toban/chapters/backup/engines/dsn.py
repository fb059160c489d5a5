"""What is said of a connection string that can't be read; it may hold a password, so nothing of it."""

UNREADABLE = (
    "接続文字列を読めません\n"
    "HINT: postgresql://役割:パスワード@ホスト:5432/データベース か、host=… dbname=… の形で書いてください"
)
