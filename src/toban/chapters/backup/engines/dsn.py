"""The message for an unreadable connection string; no part of it is quoted, as it may hold a password."""

UNREADABLE = (
    "接続文字列を読めません\n"
    "HINT: postgresql://役割:パスワード@ホスト:5432/データベース か、host=… dbname=… の形で書いてください"
)
