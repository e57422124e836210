-- Lists are read through functions of `sql/views.sql`, which is applied after the migrations. A process of this version
-- does not start without them. The functions that they replace stay, for processes of the version before.
SELECT 1;
